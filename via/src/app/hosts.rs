//! Which hosts a request may name.
//!
//! A page of another site could otherwise reach the app under a name of its own that leads to the app's
//! address, and would be of the same origin for the browser.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::Request,
    response::{IntoResponse as _, Response},
};
use http::{Method, Uri, Version, header::HOST};

use super::{document, request::announced};
use crate::refusal::Refusal;

/// The hosts that an app serves.
#[derive(Debug)]
pub(super) struct Hosts {
    /// The authorities of the configured origins, also as browsers and proxies may shorten them.
    configured: Vec<String>,
    listener: Option<SocketAddr>,
    /// Load balancers ask there, under whatever name they have for the server.
    health: Vec<String>,
}

impl Hosts {
    /// The hosts of these origins, and those of a server that listens there.
    pub(super) fn new(
        origins: &[String],
        listener: Option<SocketAddr>,
        health: Vec<String>,
    ) -> Self {
        Self {
            configured: origins
                .iter()
                .flat_map(|origin| authorities(origin))
                .collect(),
            listener,
            health,
        }
    }

    /// Accepts a request that names exactly one host, which must be one of the app's.
    ///
    /// # Errors
    ///
    /// The refusal to answer with.
    pub(super) fn check(&self, request: &Request) -> Result<(), Refusal> {
        let is_probe = self.health.iter().any(|path| path == request.uri().path());
        match named(request) {
            Err(Malformed) => Err(Refusal::BAD_HOST),
            Ok(None) => Ok(()),
            Ok(Some(host)) if is_probe || self.serve(host) => Ok(()),
            Ok(Some(host)) => {
                tracing::debug!(?host, "a request names a host that the app does not serve");
                Err(Refusal::FOREIGN_HOST)
            }
        }
    }

    fn serve(&self, host: &str) -> bool {
        if self
            .configured
            .iter()
            .any(|ours| ours.eq_ignore_ascii_case(host))
        {
            return true;
        }
        let Some((name, port)) = split(host) else {
            return false;
        };
        let address = name
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>();
        if is_loopback(name) {
            return true;
        }
        let (Ok(address), Some(listener)) = (address, self.listener) else {
            return false;
        };
        // Another site can own a name, but not an address of this machine. So a server that listens on
        // all addresses accepts each of them.
        port.unwrap_or(80) == listener.port()
            && (listener.ip() == address || listener.ip().is_unspecified())
    }
}

/// A request without a host, with several, or with something else in its place.
struct Malformed;

/// The host that counts; none for HTTP/1.0.
fn named(request: &Request) -> Result<Option<&str>, Malformed> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (host, more) = (hosts.next(), hosts.next());
    if more.is_some() {
        return Err(Malformed);
    }
    let host = match host {
        Some(host) => Some(host.to_str().map_err(|_| Malformed)?),
        None => None,
    };
    let of_line = request.uri().authority().map(http::uri::Authority::as_str);
    let named = match (of_line, host, request.version()) {
        (Some(line), Some(host), _) if !line.eq_ignore_ascii_case(host) => return Err(Malformed),
        (None, None, Version::HTTP_09 | Version::HTTP_10) => return Ok(None),
        (_, None, Version::HTTP_11) | (None, None, _) => return Err(Malformed),
        (Some(named), _, _) | (None, Some(named), _) => named,
    };
    match split(named) {
        None => Err(Malformed),
        // No browser speaks HTTP/1.0, but proxies do, and many then send a name of their own.
        Some(_) if request.version() < Version::HTTP_11 => Ok(None),
        Some(_) => Ok(Some(named)),
    }
}

/// A name or an address, and the port if there is one; `None` if it is something else.
fn split(host: &str) -> Option<(&str, Option<u16>)> {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port.parse().ok()?)),
        _ => (host, None),
    };
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    let is_address = |name: &str| {
        let inner = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'));
        inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
    };
    (is_name(name) || is_address(name)).then_some((name, port))
}

/// Whether the name always leads to the machine itself.
fn is_loopback(name: &str) -> bool {
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    last.eq_ignore_ascii_case("localhost")
}

/// Whether it is an origin of the machine itself.
pub(super) fn is_loopback_origin(origin: &[u8]) -> bool {
    let Ok(origin) = std::str::from_utf8(origin) else {
        return false;
    };
    let host = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    host.and_then(split)
        .is_some_and(|(name, _)| is_loopback(name))
}

/// What a request may name for this origin. Proxies may leave the port out.
fn authorities(origin: &str) -> Vec<String> {
    let Ok(origin) = origin.parse::<Uri>() else {
        return Vec::new();
    };
    let Some(host) = origin.host() else {
        return Vec::new();
    };
    let usual = match origin.scheme_str() {
        Some("https") => 443,
        _ => 80,
    };
    let port = origin.port_u16().unwrap_or(usual);
    vec![host.to_owned(), format!("{host}:{port}")]
}

/// The answer to a request with a host that the app does not serve.
pub(super) fn turned_away(refusal: Refusal, request: &Request) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return document::refused(refusal);
    }
    match announced(request.headers()) {
        Some(number) => refusal.into_response_to(Some(number)),
        None => refusal.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn hosts(origins: &[&str], listener: Option<&str>) -> Hosts {
        let origins: Vec<_> = origins.iter().map(|&origin| origin.to_owned()).collect();
        let listener = listener.map(|address| address.parse().unwrap());
        Hosts::new(&origins, listener, vec!["/readyz".to_owned()])
    }

    fn answer(hosts: &Hosts, version: Version, uri: &str, named: &[&str]) -> u16 {
        let mut request = http::Request::builder().version(version).uri(uri);
        for host in named {
            request = request.header(HOST, *host);
        }
        let request = request.body(Body::empty()).unwrap();
        hosts
            .check(&request)
            .map_or_else(|refused| refused.status().as_u16(), |()| 200)
    }

    #[test]
    fn only_hosts_of_the_app_are_served() {
        let public = hosts(
            &["https://App.example", "https://b.example:8443"],
            Some("0.0.0.0:3000"),
        );
        let local = hosts(&[], Some("10.0.0.5:80"));
        let router = hosts(&["https://app.example"], None);
        for (hosts, host, expected) in [
            (&public, "app.example", 200),
            (&public, "APP.example:443", 200),
            (&public, "app.example:80", 421),
            (&public, "app.example.", 421),
            (&public, "b.example:8443", 200),
            (&public, "b.example", 200),
            (&public, "b.example:443", 421),
            (&public, "evil.example", 421),
            (&public, "app.example.evil", 421),
            (&public, "localhost:9", 200),
            (&public, "app.localhost", 200),
            (&public, "localhost.evil", 421),
            (&public, "127.0.0.1", 200),
            (&public, "127.8.8.8:1", 200),
            (&public, "[::1]:3000", 200),
            (&public, "[::ffff:127.0.0.1]", 200),
            (&public, "10.1.2.3:3000", 200),
            (&public, "10.1.2.3", 421),
            (&local, "10.0.0.5", 200),
            (&local, "10.0.0.5:80", 200),
            (&local, "10.0.0.6", 421),
            (&router, "app.example", 200),
            (&router, "10.0.0.5:3000", 421),
            (&router, "localhost:3000", 200),
            (&public, "", 400),
            (&public, "a b", 400),
            (&public, "user@app.example", 400),
            (&public, "app.example:x", 400),
            (&public, "app.example/", 400),
            (&public, "[::1", 400),
        ] {
            assert_eq!(
                answer(hosts, Version::HTTP_11, "/", &[host]),
                expected,
                "{host}"
            );
        }
    }

    #[test]
    fn a_request_names_exactly_one_host() {
        let hosts = hosts(&["https://a.example"], Some("0.0.0.0:3000"));
        for (version, uri, named, expected) in [
            (Version::HTTP_11, "/", &[][..], 400),
            (Version::HTTP_10, "/", &[], 200),
            (Version::HTTP_10, "/", &["app"], 200),
            (Version::HTTP_10, "/", &["a b"], 400),
            (Version::HTTP_11, "/", &["a.example", "a.example"], 400),
            (Version::HTTP_11, "/", &["a.example", "evil.example"], 400),
            (Version::HTTP_11, "http://a.example/", &["a.example"], 200),
            (
                Version::HTTP_11,
                "http://a.example/",
                &["evil.example"],
                400,
            ),
            (
                Version::HTTP_11,
                "http://evil.example/",
                &["a.example"],
                400,
            ),
            (
                Version::HTTP_11,
                "http://evil.example/",
                &["evil.example"],
                421,
            ),
            (Version::HTTP_11, "http://a.example/", &[], 400),
            (Version::HTTP_2, "https://a.example/", &[], 200),
            (Version::HTTP_2, "https://evil.example/", &[], 421),
            // Load balancers have names of their own for a server.
            (Version::HTTP_11, "/readyz", &["192.0.2.7:3000"], 200),
            (Version::HTTP_11, "/readyz", &["backend-7"], 200),
            (Version::HTTP_11, "/readyz/", &["backend-7"], 421),
        ] {
            assert_eq!(
                answer(&hosts, version, uri, named),
                expected,
                "{uri} {named:?}"
            );
        }
    }
}
