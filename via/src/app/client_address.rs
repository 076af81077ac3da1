//! The network address of the client that sent a request.
//!
//! Behind a reverse proxy the other end of the connection is the proxy. Then the proxy says in a header
//! who its client is. Anybody can send such a header, so the app reads it only from proxies that
//! `App::trusted_proxies` names, from the right, and up to the first address that is not such a proxy.

mod forwarded;

use std::{
    net::{IpAddr, SocketAddr},
    sync::atomic::Ordering,
};

use axum::extract::{ConnectInfo, Request};
use http::{HeaderMap, HeaderName, header::FORWARDED};

use crate::{address::Networks, runtime::Core};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where the connection of a request comes from; `None` if nothing says so, as inside a router of your own
/// that is served without `ConnectInfo`.
pub(super) fn peer_of(request: &Request) -> Option<SocketAddr> {
    let info = request.extensions().get::<ConnectInfo<SocketAddr>>();
    info.map(|ConnectInfo(peer)| *peer)
}

/// The address of the client that sent these headers over a connection from `peer`.
pub(super) fn client_address(core: &Core, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
    let peer = peer.ip().to_canonical();
    let client = behind(peer, headers, &core.config.trusted_proxies);
    if client == peer {
        warn_of_proxies(core, peer, headers);
    }
    client
}

/// The address for which a chain of trusted proxies speaks, of which `peer` is the nearest.
fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> IpAddr {
    if !trusted.contain(peer) {
        return peer;
    }
    let x_forwarded_for = headers.get_all(X_FORWARDED_FOR).iter().rev();
    let x_forwarded_for = x_forwarded_for.flat_map(forwarded::x_forwarded_for);
    let forwarded = headers.get_all(FORWARDED).iter().rev();
    let forwarded = forwarded.flat_map(forwarded::forwarded);
    match (
        headers.contains_key(X_FORWARDED_FOR),
        headers.contains_key(FORWARDED),
    ) {
        (false, false) => peer,
        (true, false) => farthest(peer, x_forwarded_for, trusted),
        (false, true) => farthest(peer, forwarded, trusted),
        (true, true) => {
            // A proxy that sets one of them may pass on the other one as its client wrote it. If they
            // disagree, the client counts under the address of the proxy.
            let one = farthest(peer, x_forwarded_for, trusted);
            let other = farthest(peer, forwarded, trusted);
            if one == other { one } else { peer }
        }
    }
}

/// The first address that is not a trusted proxy, or the last one before a gap in the chain.
fn farthest(
    peer: IpAddr,
    hops: impl Iterator<Item = Option<IpAddr>>,
    trusted: &Networks,
) -> IpAddr {
    let mut client = peer;
    for hop in hops {
        let Some(hop) = hop else { break };
        client = hop;
        if !trusted.contain(hop) {
            break;
        }
    }
    client
}

/// Warns once if visitors seem to come through a proxy that hides their addresses.
fn warn_of_proxies(core: &Core, peer: IpAddr, headers: &HeaderMap) {
    if core.warned_of_proxies.load(Ordering::Relaxed) {
        return;
    }
    let trusted = &core.config.trusted_proxies;
    let says = headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED);
    let what = if trusted.contain(peer) && !says {
        "a trusted proxy sends neither `X-Forwarded-For` nor `Forwarded`, so all its visitors share \
         its address and its limits; configure it to send one of them"
    } else if trusted.is_empty() && says && Networks::of_this_site().contain(peer) {
        "requests seem to come through a reverse proxy, whose visitors share its address and its \
         limits; name it with `App::trusted_proxies`"
    } else {
        return;
    };
    if !core.warned_of_proxies.swap(true, Ordering::Relaxed) {
        tracing::warn!(proxy = %peer, "{what}");
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::address::Network;

    const PROXY: &str = "10.0.0.1";

    fn seen(peer: &str, lines: &[(&HeaderName, &str)]) -> String {
        let trusted = Networks::new(&Network::named("10.0.0.0/8").unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        behind(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_trusted_proxy_says_who_its_client_is_and_nobody_else_does() {
        for name in [&X_FORWARDED_FOR, &FORWARDED] {
            let line = |of: &[&str]| {
                let parts = of.iter().map(|it| {
                    if *name == FORWARDED {
                        format!("for=\"{it}\"")
                    } else {
                        (*it).to_owned()
                    }
                });
                parts.collect::<Vec<_>>().join(", ")
            };
            for (peer, lines, client) in [
                (PROXY, vec![], PROXY),
                (PROXY, vec![line(&["192.0.2.7"])], "192.0.2.7"),
                // The app ignores the header of another peer.
                ("203.0.113.9", vec![line(&["192.0.2.7"])], "203.0.113.9"),
                // What the client itself wrote is to the left.
                (
                    PROXY,
                    vec![line(&["198.51.100.1", "192.0.2.7"])],
                    "192.0.2.7",
                ),
                (
                    PROXY,
                    vec![line(&["198.51.100.1"]), line(&["192.0.2.7"])],
                    "192.0.2.7",
                ),
                // A chain of proxies.
                (
                    PROXY,
                    vec![line(&["192.0.2.7", "10.9.9.9", "10.0.0.2"])],
                    "192.0.2.7",
                ),
                (
                    PROXY,
                    vec![line(&["192.0.2.7"]), line(&["10.0.0.2"])],
                    "192.0.2.7",
                ),
                // A client inside the trusted network.
                (PROXY, vec![line(&["10.9.9.9", "10.0.0.2"])], "10.9.9.9"),
                // A gap ends the chain.
                (PROXY, vec![line(&["192.0.2.7", "unknown"])], PROXY),
                (
                    PROXY,
                    vec![line(&["192.0.2.7", "_hidden", "10.0.0.2"])],
                    "10.0.0.2",
                ),
                (PROXY, vec![line(&["192.0.2.7", "no address"])], PROXY),
                // Ports, and addresses of IPv6.
                (PROXY, vec![line(&["192.0.2.7:4711"])], "192.0.2.7"),
                (PROXY, vec![line(&["[2001:db8::7]"])], "2001:db8::7"),
                (PROXY, vec![line(&["[2001:db8::7]:4711"])], "2001:db8::7"),
                (PROXY, vec![line(&["::ffff:192.0.2.7"])], "192.0.2.7"),
            ] {
                let lines: Vec<_> = lines.iter().map(|line| (name, line.as_str())).collect();
                assert_eq!(seen(peer, &lines), client, "{peer} {lines:?}");
            }
        }
    }

    #[test]
    fn two_headers_that_disagree_are_not_believed() {
        let one = (&X_FORWARDED_FOR, "192.0.2.7");
        assert_eq!(
            seen(PROXY, &[one, (&FORWARDED, "for=192.0.2.7")]),
            "192.0.2.7"
        );
        assert_eq!(seen(PROXY, &[one, (&FORWARDED, "for=192.0.2.8")]), PROXY);
        assert_eq!(seen(PROXY, &[one, (&FORWARDED, "proto=https")]), PROXY);
    }
}
