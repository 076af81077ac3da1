//! Counts the open streams of each address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use crate::{address::AddressBlock, lock::lock};

/// Counts the streams of each address. Clones share the counts.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    counts: Arc<Mutex<HashMap<AddressBlock, u32>>>,
    limit: u32,
}

/// Counts as one stream of an address until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    counts: Arc<Mutex<HashMap<AddressBlock, u32>>>,
    address: AddressBlock,
}

impl Addresses {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            counts: Arc::default(),
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
        }
    }

    /// Counts one more stream of an address; `None` if the address has reached its limit.
    pub(super) fn take_seat(&self, address: IpAddr) -> Option<Seat> {
        let address = AddressBlock::of(address);
        let mut counts = lock(&self.counts);
        let count = counts.entry(address).or_default();
        if *count >= self.limit {
            if *count == 0 {
                counts.remove(&address);
            }
            return None;
        }
        *count += 1;
        Some(Seat {
            counts: Arc::clone(&self.counts),
            address,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_seats_and_gets_back_those_that_are_left() {
        let addresses = Addresses::new(2);
        let first = addresses.take_seat(address("10.0.0.1"));
        let second = addresses.take_seat(address("::ffff:10.0.0.1"));
        assert!(first.is_some() && second.is_some());
        assert!(addresses.take_seat(address("10.0.0.1")).is_none());
        assert!(addresses.take_seat(address("10.0.0.2")).is_some());
        drop(first);
        assert!(addresses.take_seat(address("10.0.0.1")).is_some());
        drop(second);
        assert!(lock(&addresses.counts).is_empty());
    }
}
