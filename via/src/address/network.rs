//! IP networks, as an operator writes them.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
    sync::Arc,
};

/// An IP network: all addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    /// IPv4 addresses are the ones that IPv6 maps (`::ffff:0:0/96`), so that one mask fits both.
    bits: u128,
    mask: u128,
}

/// Several networks. Clones share the list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Networks(Arc<[Network]>);

/// A text that names no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotANetwork;

const LOOPBACK: [(IpAddr, u32); 2] = [
    (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    (IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
];

/// Private, shared (RFC 6598) and link-local addresses, which the internet does not route.
const PRIVATE: [(IpAddr, u32); 7] = [
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(100, 64, 0, 0)), 10),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
];

impl Network {
    /// The networks of a name (`loopback`, `private`), of an address, or of an address with the number
    /// of bits that count (`10.0.0.0/8`).
    pub(crate) fn named(text: &str) -> Result<Vec<Self>, NotANetwork> {
        match text {
            "loopback" => Ok(all(&LOOPBACK)),
            "private" => Ok(all(&PRIVATE)),
            _ => text.parse().map(|network| vec![network]),
        }
    }

    /// `length` is at most the number of bits of the address.
    fn new(address: IpAddr, length: u32) -> Self {
        let unused = match address {
            IpAddr::V4(_) => 32 - length,
            IpAddr::V6(_) => 128 - length,
        };
        let mask = u128::MAX.checked_shl(unused).unwrap_or(0);
        Self {
            bits: bits(address) & mask,
            mask,
        }
    }

    fn contains(self, address: IpAddr) -> bool {
        bits(address) & self.mask == self.bits
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => most,
            // `u32::from_str` accepts a sign.
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| NotANetwork)?
            }
            Some(_) => return Err(NotANetwork),
        };
        if length > most {
            return Err(NotANetwork);
        }
        Ok(Self::new(address, length))
    }
}

impl Networks {
    pub(crate) fn new(networks: &[Network]) -> Self {
        Self(networks.into())
    }

    /// The addresses of this machine and of the private networks around it.
    pub(crate) fn of_this_site() -> Self {
        Self::new(&[all(&LOOPBACK), all(&PRIVATE)].concat())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them contains the address.
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

fn all(networks: &[(IpAddr, u32)]) -> Vec<Network> {
    networks
        .iter()
        .map(|(address, length)| Network::new(*address, *length))
        .collect()
}

/// The bits of an address as one of IPv6.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        let networks = Networks::new(&Network::named(network).unwrap());
        networks.contain(address.parse().unwrap())
    }

    #[test]
    fn a_network_contains_the_addresses_that_begin_like_it() {
        for (network, address) in [
            ("10.0.0.1", "10.0.0.1"),
            ("10.0.0.1", "::ffff:10.0.0.1"),
            ("10.0.0.0/8", "10.255.0.7"),
            ("10.9.9.9/8", "10.255.0.7"),
            ("0.0.0.0/0", "203.0.113.7"),
            ("::/0", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8:ffff::1"),
            ("::1", "::1"),
            ("::ffff:10.0.0.0/104", "10.1.2.3"),
            ("loopback", "127.8.9.10"),
            ("loopback", "::1"),
            ("private", "172.31.255.255"),
            ("private", "192.168.0.1"),
            ("private", "fd00::1"),
            ("private", "fe80::1"),
        ] {
            assert!(contains(network, address), "{network} {address}");
        }
        for (network, address) in [
            ("10.0.0.1", "10.0.0.2"),
            ("10.0.0.0/8", "11.0.0.0"),
            ("0.0.0.0/0", "2001:db8::1"),
            ("2001:db8::/32", "2001:db9::1"),
            ("loopback", "10.0.0.1"),
            ("private", "127.0.0.1"),
            ("private", "172.32.0.0"),
            ("private", "203.0.113.7"),
        ] {
            assert!(!contains(network, address), "{network} {address}");
        }
    }

    #[test]
    fn what_is_not_a_network_is_refused() {
        for text in [
            "",
            "10",
            "10.0.0",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "::/129",
            "::1%lo",
            "[::1]",
            "10.0.0.1:80",
            "proxy",
            "Loopback",
            " 10.0.0.1",
        ] {
            assert_eq!(Network::named(text), Err(NotANetwork), "{text:?}");
        }
    }
}
