//! Limits how many new sessions the visitors of one network address begin.

use std::{collections::HashMap, net::IpAddr, sync::Mutex, time::Duration};

use tokio::time::Instant;

use crate::{address::AddressBlock, hub::ActionRate, lock::lock};

/// A network of many addresses begins so many times as many sessions as one address.
const WIDE: u32 = 8;

/// How many blocks are remembered before those that owe nothing are looked for.
const TIDY_FROM: usize = 1024;

/// The shortest pause between two lines of the log.
const SAID_EVERY: Duration = Duration::from_mins(1);

/// Counts the sessions that visitors begin. A session begins with its first commit.
#[derive(Debug)]
pub(crate) struct Newcomers {
    address: ActionRate,
    network: ActionRate,
    counted: Mutex<Counted>,
}

#[derive(Debug)]
struct Counted {
    addresses: Debts,
    networks: Debts,
    /// When the log last said that newcomers have to wait.
    said: Option<Instant>,
}

/// Until when each block owes for the sessions that it began.
#[derive(Debug)]
struct Debts {
    paid: HashMap<AddressBlock, Instant>,
    tidy_at: usize,
}

impl Newcomers {
    pub(super) fn new(rate: ActionRate) -> Self {
        Self {
            address: rate,
            network: rate.times(WIDE),
            counted: Mutex::new(Counted {
                addresses: Debts::new(),
                networks: Debts::new(),
                said: None,
            }),
        }
    }

    /// Counts one more session of a visitor at `address` and returns whether it may begin.
    pub(crate) fn admits(&self, address: IpAddr) -> bool {
        self.admits_at(address, Instant::now())
    }

    fn admits_at(&self, address: IpAddr, now: Instant) -> bool {
        let block = AddressBlock::of(address);
        let network = AddressBlock::network_of(address);
        let mut counted = lock(&self.counted);
        let one = self.address.pay(counted.addresses.of(block), now);
        let other = self.network.pay(counted.networks.of(network), now);
        if let (Some(one), Some(other)) = (one, other) {
            counted.addresses.note(block, one, now);
            counted.networks.note(network, other, now);
            return true;
        }
        if counted.said.is_none_or(|said| now - said >= SAID_EVERY) {
            counted.said = Some(now);
            drop(counted);
            tracing::warn!(
                %address,
                "too many new sessions from one network; first actions from there wait for a moment"
            );
        }
        false
    }
}

impl Debts {
    fn new() -> Self {
        Self {
            paid: HashMap::new(),
            tidy_at: TIDY_FROM,
        }
    }

    fn of(&self, block: AddressBlock) -> Option<Instant> {
        self.paid.get(&block).copied()
    }

    fn note(&mut self, block: AddressBlock, paid: Instant, now: Instant) {
        self.paid.insert(block, paid);
        if self.paid.len() >= self.tidy_at {
            self.paid.retain(|_, paid| *paid > now);
            self.tidy_at = TIDY_FROM.max(2 * self.paid.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newcomers() -> Newcomers {
        Newcomers::new(ActionRate::new(2, 10))
    }

    fn admitted(newcomers: &Newcomers, address: &str, now: Instant) -> usize {
        let address = address.parse().unwrap();
        (0..1000)
            .filter(|_| newcomers.admits_at(address, now))
            .count()
    }

    #[test]
    fn an_address_begins_so_many_sessions_at_once_and_then_as_the_rate_allows() {
        let (newcomers, mut now) = (newcomers(), Instant::now());
        assert_eq!(admitted(&newcomers, "10.0.0.1", now), 10);
        assert_eq!(admitted(&newcomers, "::ffff:10.0.0.1", now), 0);
        assert_eq!(admitted(&newcomers, "10.0.0.0", now), 10);
        now += Duration::from_secs(1);
        assert_eq!(admitted(&newcomers, "10.0.0.1", now), 2);
        now += Duration::from_secs(5);
        assert_eq!(admitted(&newcomers, "10.0.0.1", now), 10);
    }

    #[test]
    fn a_network_begins_eight_times_as_many() {
        for [same, wide, other] in [
            ["10.0.0.", "10.0.0.200", "10.0.1.1"],
            ["2001:db8:1:", "2001:db8:1:ffff::1", "2001:db8:2::1"],
        ] {
            let (newcomers, now) = (newcomers(), Instant::now());
            let tail = if same.contains(':') { "::1" } else { "" };
            let all: usize = (1..100)
                .map(|i| admitted(&newcomers, &format!("{same}{i}{tail}"), now))
                .sum();
            assert_eq!(all, 80);
            assert_eq!(admitted(&newcomers, wide, now), 0);
            assert_eq!(admitted(&newcomers, other, now), 10);
        }
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_address() {
        let (newcomers, now) = (newcomers(), Instant::now());
        assert_eq!(admitted(&newcomers, "2001:db8:1:2::1", now), 10);
        assert_eq!(admitted(&newcomers, "2001:db8:1:2:ffff::9", now), 0);
        assert_eq!(admitted(&newcomers, "2001:db8:1:3::1", now), 10);
    }

    #[test]
    fn networks_that_owe_nothing_are_forgotten() {
        let newcomers = newcomers();
        let mut now = Instant::now();
        for i in 0..10_000_u32 {
            now += Duration::from_millis(1);
            let [_, b, c, d] = i.to_be_bytes();
            assert!(newcomers.admits_at(IpAddr::from([b, c, d, 1]), now));
        }
        let left = lock(&newcomers.counted).addresses.paid.len();
        assert!(left <= 2 * TIDY_FROM, "{left}");
    }
}
