//! Requests whose end can be understood in two ways: each gets one answer, and nothing after it.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use via_tests::client::raw;
use via_tests::patience::PATIENCE;
use via_tests::serving::Serving;
use via_tests::wall::wall;

/// The statuses of all answers to these bytes, and the text of the answers.
async fn answers(server: &Serving, bytes: &str) -> (Vec<u16>, String) {
    let answer = raw(server.address(), bytes.as_bytes()).await.unwrap();
    let text = String::from_utf8_lossy(&answer).into_owned();
    let statuses = text
        .match_indices("HTTP/1.1 ")
        .map(|(at, begin)| text[at + begin.len()..][..3].parse().unwrap())
        .collect();
    (statuses, text)
}

fn get(server: &Serving) -> String {
    format!("GET /livez HTTP/1.1\r\nhost: {}\r\n\r\n", server.address())
}

/// A request of the client with these headers, and what follows them.
fn post(server: &Serving, version: &str, headers: &str, rest: &str) -> String {
    format!(
        "POST / HTTP/{version}\r\nhost: {}\r\nsec-fetch-site: same-origin\r\nvia-request: attach\r\n\
         content-type: application/json\r\n{headers}\r\n{rest}",
        server.address()
    )
}

#[tokio::test]
async fn a_request_that_ends_in_one_way_is_answered_and_the_next_one_too() {
    let server = Serving::start(wall()).await;
    let get = get(&server);
    for (headers, rest) in [
        ("content-length: 2\r\n", "{}"),
        ("content-length: 2\r\ncontent-length: 2\r\n", "{}"),
        ("content-length: 2\r\nexpect: 100-continue\r\n", "{}"),
    ] {
        let request = post(&server, "1.1", headers, rest) + &get + "\r\n" + &get;
        let (mut statuses, text) = answers(&server, &request).await;
        statuses.retain(|status| *status != 100);
        assert_eq!(statuses, [401, 200, 200], "{headers:?} {text}");
    }
}

#[tokio::test]
async fn a_head_that_can_be_understood_in_two_ways_is_refused_and_nothing_after_it_is_read() {
    let server = Serving::start(wall()).await;
    let get = get(&server);
    let bare = |at: usize| {
        let ends: Vec<_> = get.match_indices("\r\n").collect();
        let at = ends[at].0;
        format!("{}\n{}", &get[..at], &get[at + 2..])
    };
    let chunked = "2\r\n{}\r\n0\r\n\r\n";
    let mut wrong = vec![
        bare(0),
        bare(1),
        bare(2),
        get.replace("\r\n", "\n"),
        format!("\n{get}"),
        get.replace("host", "x: a\0b\r\nhost"),
        get.replace("host", "x: a\rb\r\nhost"),
        get.replace("host", "x : a\r\nhost"),
        get.replace("host", "x: a\r\n b\r\nhost"),
        get.replace("host", " x: a\r\nhost"),
        get.replace("/livez", "/li\0vez"),
        get.replace("GET ", "GET  "),
        get.replace(" HTTP/1.1", ""),
        get.replace("HTTP/1.1", "HTTP/1.2"),
    ];
    for (headers, rest) in [
        ("content-length: 2\r\ncontent-length: 3\r\n", "{}"),
        ("content-length: 2, 2\r\n", "{}"),
        ("content-length: +2\r\n", "{}"),
        ("content-length: -2\r\n", "{}"),
        ("content-length: 0x2\r\n", "{}"),
        ("content-length : 2\r\n", "{}"),
        ("content-length: 99999999999999999999\r\n", "{}"),
        ("content-length:\r\n", "{}"),
        ("transfer-encoding: identity\r\n", "{}"),
        ("transfer-encoding: xchunked\r\n", chunked),
        ("transfer-encoding: \"chunked\"\r\n", chunked),
        ("transfer-encoding: gzip, chunked\r\n", chunked),
        ("transfer-encoding: chunked, chunked\r\n", chunked),
        ("transfer-encoding: chunked, identity\r\n", chunked),
        ("transfer-encoding: chunked;q=1\r\n", chunked),
        ("transfer-encoding:\r\n chunked\r\n", chunked),
        (
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            chunked,
        ),
        (
            "transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n",
            chunked,
        ),
        (
            "transfer-encoding: chunked\r\ncontent-length: 2\r\n",
            chunked,
        ),
        (
            "content-length: 2\r\nTransfer-Encoding: chunked\r\n",
            chunked,
        ),
        (
            "content-length: 0\r\ntransfer-encoding: chunked\r\n",
            chunked,
        ),
    ] {
        wrong.push(post(&server, "1.1", headers, rest));
    }
    let headers = "transfer-encoding: chunked\r\n";
    wrong.push(post(&server, "1.0", headers, chunked));
    for request in wrong {
        let (statuses, text) = answers(&server, &(request.clone() + &get)).await;
        assert_eq!(statuses, [400], "{request:?} {text}");
        // The same after another request.
        let (statuses, text) = answers(&server, &(get.clone() + &request + &get)).await;
        assert_eq!(statuses, [200, 400], "{request:?} {text}");
    }
}

#[tokio::test]
async fn a_body_in_wrong_chunks_is_refused_and_nothing_after_it_is_read() {
    let server = Serving::start(wall()).await;
    let get = get(&server);
    let long = format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "a".repeat(20_000));
    for chunks in [
        "2\n{}\r\n0\r\n\r\n",
        "2\r\n{}\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "2;a\nb\r\n{}\r\n0\r\n\r\n",
        &long,
    ] {
        let request = post(&server, "1.1", "transfer-encoding: chunked\r\n", chunks);
        let (statuses, text) = answers(&server, &(request + &get)).await;
        assert_eq!(statuses, [400], "{chunks:.40} {text}");
        assert!(text.contains("bad_chunk"), "{text}");
    }
    // It is right, and nevertheless the last one of its connection.
    for chunks in ["2\r\n{}\r\n0\r\n\r\n", "2;a=b\r\n{}\r\n0\r\nx: y\r\n\r\n"] {
        let request = post(&server, "1.1", "transfer-encoding: chunked\r\n", chunks);
        let (statuses, text) = answers(&server, &(request + &get)).await;
        assert_eq!(statuses, [401], "{chunks} {text}");
        assert!(text.contains("connection: close"), "{text}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_the_client_sends_it() {
    let server = Serving::start(wall()).await;
    let expected = |length: usize, expects: &str| {
        let headers = format!("content-length: {length}\r\nexpect: {expects}\r\n");
        post(&server, "1.1", &headers, "")
    };
    for (request, status, code) in [
        (
            expected(64 * 1024 + 1, "100-continue"),
            413,
            "body_too_large",
        ),
        (expected(2, "something"), 417, "unknown_expectation"),
    ] {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(PATIENCE, async {
            while !answer.ends_with(b"}") {
                assert_ne!(socket.read_buf(&mut answer).await.unwrap(), 0);
            }
        })
        .await
        .expect("an answer in time");
        let answer = String::from_utf8(answer).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(answer.contains(code), "{answer}");
        // What the client sends all the same is not a request.
        let _ = socket.write_all(get(&server).as_bytes()).await;
        let mut rest = Vec::new();
        let ended = timeout(Duration::from_secs(5), socket.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "the connection stays open");
        assert!(rest.is_empty(), "{}", rest.escape_ascii());
    }
}
