//! Whose address a request counts under if it comes through a reverse proxy.

use http::{HeaderName, HeaderValue, StatusCode};
use via_tests::client::{Stream, Tab, Visitor, raw};
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

/// What comes back over a connection that begins with these bytes.
async fn begun_with(server: &Serving, begin: &[u8]) -> String {
    let get = format!("GET /livez HTTP/1.1\r\nhost: {}\r\n\r\n", server.address());
    let bytes = [begin, get.as_bytes()].concat();
    // It may be reset.
    let answer = raw(server.address(), &bytes).await.unwrap_or_default();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_connection_of_a_proxy_begins_with_a_header_of_the_proxy_protocol() {
    let server = Serving::start(wall().proxy_protocol(["127.0.0.1"])).await;
    let v2 = |rest: &[u8]| [b"\r\n\r\n\0\r\nQUIT\n".as_slice(), rest].concat();
    for right in [
        b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 80\r\n".to_vec(),
        b"PROXY UNKNOWN\r\n".to_vec(),
        v2(b"\x20\x00\x00\x00"),
        v2(b"\x21\x11\x00\x0c\xc0\x00\x02\x07\x7f\x00\x00\x01\x12\x67\x00\x50"),
    ] {
        let answer = begun_with(&server, &right).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    for wrong in [
        b"".to_vec(),
        b"PROXY TCP4 192.0.2.7 127.0.0.1 4711\r\n".to_vec(),
        [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 100]].concat(),
        v2(b"\x21\x11\x00\x01\x00"),
        v2(b"\x21\x11\xff\xff"),
    ] {
        assert_eq!(begun_with(&server, &wrong).await, "");
    }
    // Another peer cannot name a client.
    let server = Serving::start(wall().proxy_protocol(["192.0.2.0/24"])).await;
    let answer = begun_with(&server, b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 80\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}
