//! Whose address a request counts under if it comes through a reverse proxy.

use http::{HeaderName, HeaderValue, StatusCode};
use via_tests::client::{Stream, Tab, Visitor};
use via_tests::serving::Serving;
use via_tests::wall::wall;

/// Opens a stream with these headers.
async fn stream(visitor: &Visitor, tab: &Tab, lines: &[(&str, &str)]) -> Stream {
    let mut request = visitor.opening("/_via/stream", &[(tab, None)]);
    for (name, value) in lines {
        let name = HeaderName::try_from(*name).unwrap();
        let value = HeaderValue::from_str(value).unwrap();
        request.headers_mut().append(name, value);
    }
    Stream::open(visitor.server(), &request).await.unwrap()
}

/// How many of these requests get a stream at a server that allows one for each address.
async fn admitted(app: via::App, requests: &[&[(&str, &str)]]) -> usize {
    let server = Serving::start(app.streams_per_address(1)).await;
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    let mut streams = Vec::new();
    for lines in requests {
        let stream = stream(&visitor, &tab, lines).await;
        if stream.status() == StatusCode::OK {
            streams.push(stream);
        } else {
            assert_eq!(stream.status(), StatusCode::TOO_MANY_REQUESTS);
        }
    }
    streams.len()
}

const VISITORS: [&[(&str, &str)]; 4] = [
    &[("x-forwarded-for", "192.0.2.1")],
    &[("x-forwarded-for", "192.0.2.2, 127.0.0.9")],
    &[
        ("x-forwarded-for", "9.9.9.9"),
        ("x-forwarded-for", "192.0.2.3"),
    ],
    &[("forwarded", "for=\"[2001:db8::1]:4711\";proto=https")],
];

#[tokio::test]
async fn visitors_behind_a_trusted_proxy_are_counted_apart() {
    for trusted in ["127.0.0.0/8", "loopback"] {
        let app = wall().trusted_proxies([trusted]);
        assert_eq!(admitted(app, &VISITORS).await, 4, "{trusted}");
    }
}

#[tokio::test]
async fn one_visitor_behind_a_trusted_proxy_cannot_be_many() {
    let app = wall().trusted_proxies(["loopback"]);
    let requests: [&[(&str, &str)]; 5] = [
        &[("x-forwarded-for", "192.0.2.1")],
        &[("x-forwarded-for", "9.9.9.1, 192.0.2.1")],
        &[
            ("x-forwarded-for", "9.9.9.2"),
            ("x-forwarded-for", "192.0.2.1:80"),
        ],
        &[
            ("x-forwarded-for", "192.0.2.1"),
            ("forwarded", "for=192.0.2.1"),
        ],
        &[("forwarded", "for=9.9.9.3, for=192.0.2.1")],
    ];
    assert_eq!(admitted(app, &requests).await, 1);
}

#[tokio::test]
async fn a_peer_that_is_not_trusted_is_not_believed() {
    assert_eq!(admitted(wall(), &VISITORS).await, 1);
    let app = wall().trusted_proxies(["private", "192.0.2.0/24"]);
    assert_eq!(admitted(app, &VISITORS).await, 1);
}
