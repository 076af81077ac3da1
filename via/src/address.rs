//! Network addresses: which ones count as one, and which networks they are in.

mod network;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(crate) use self::network::{Network, Networks};

/// The addresses that limits count as one: an IPv4 address, or a /64 network of IPv6, because one
/// subscriber has a whole network of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AddressBlock(IpAddr);

impl AddressBlock {
    /// The larger network of an address, which one subscriber may have as well: a /24 network of IPv4, or
    /// a /48 network of IPv6.
    pub(crate) fn network_of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
            }
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Ipv4Addr::new(a, b, c, 0).into()
            }
        })
    }

    /// The block of an address.
    pub(crate) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            address @ IpAddr::V4(_) => address,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> AddressBlock {
        AddressBlock::of(text.parse().unwrap())
    }

    #[test]
    fn an_ipv4_address_is_a_block_however_it_is_written() {
        assert_eq!(block("10.0.0.1"), block("::ffff:10.0.0.1"));
        assert_ne!(block("10.0.0.1"), block("10.0.0.2"));
    }

    #[test]
    fn a_network_of_ipv6_is_a_block() {
        assert_eq!(block("2001:db8:1:2::1"), block("2001:db8:1:2:ffff::2"));
        assert_ne!(block("2001:db8:1:2::1"), block("2001:db8:1:3::1"));
    }
}
