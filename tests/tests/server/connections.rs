//! What a server does about slow, greedy and silent clients, over real sockets.

use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use via_tests::client::{Action, Stream, Tab, Visitor, bytes, raw};
use via_tests::patience::{PATIENCE, eventually};
use via_tests::serving::Serving;
use via_tests::wall::wall;

async fn live(server: &Serving) -> (Visitor, Tab) {
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    (visitor, tab)
}

async fn opened(visitor: &Visitor, tab: &Tab) -> Stream {
    let stream = visitor.stream(&[tab]).await;
    assert_eq!(stream.status(), StatusCode::OK);
    stream
}

/// How long the server keeps a connection that sends only `bytes`.
async fn kept_for(server: &Serving, bytes: &[u8]) -> Duration {
    let begun = Instant::now();
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A reset counts as an end too.
    let _ = timeout(PATIENCE, socket.read_to_end(&mut answer))
        .await
        .expect("the connection ends");
    begun.elapsed()
}

#[tokio::test]
async fn a_head_has_ten_seconds_to_arrive() {
    let server = Serving::start(wall()).await;
    let (silent, slow) = tokio::join!(
        kept_for(&server, b""),
        kept_for(&server, b"GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: "),
    );
    for kept in [silent, slow] {
        assert!(kept >= Duration::from_secs(9), "{kept:?}");
    }
}

#[tokio::test]
async fn a_head_may_have_16_kib() {
    let server = Serving::start(wall()).await;
    let answer = async |size: usize| {
        let request = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-large: ";
        let filler = "x".repeat(size - request.len() - 4);
        let bytes = format!("{request}{filler}\r\n\r\n");
        let answer = raw(server.address(), bytes.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&answer)[..12].to_owned()
    };
    assert_eq!(answer(16 * 1024).await, "HTTP/1.1 200");
    assert_eq!(answer(16 * 1024 + 1).await, "HTTP/1.1 431");
}

#[tokio::test]
async fn a_client_that_begins_with_http_2_is_let_go_of_at_once() {
    let server = Serving::start(wall()).await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let settings = b"\0\0\0\x04\0\0\0\0\0";
    for pieces in [
        vec![[preface.as_slice(), settings].concat()],
        vec![preface.to_vec()],
        vec![preface[..9].to_vec(), preface[9..].to_vec()],
    ] {
        let begun = Instant::now();
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        socket.set_nodelay(true).unwrap();
        for piece in pieces {
            socket.write_all(&piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut answer = Vec::new();
        timeout(PATIENCE, socket.read_to_end(&mut answer))
            .await
            .expect("the connection ends")
            .expect("it is closed, and not reset");
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 400 "),
            "{}",
            answer.escape_ascii()
        );
        // The timeout for a head did not end it.
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
    server.visit("/").await;
}

#[tokio::test]
async fn an_offer_to_switch_to_http_2_is_answered_by_http_1() {
    let server = Serving::start(wall()).await;
    let request =
        b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close, upgrade, http2-settings\r\n\
        upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n";
    let answer = raw(server.address(), request).await.unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.1 200 "),
        "{}",
        answer.escape_ascii()
    );
}

#[tokio::test]
async fn one_stream_more_than_an_address_may_have_is_refused_until_another_ends() {
    let server = Serving::start(wall().streams_per_address(2)).await;
    let (visitor, tab) = live(&server).await;
    let first = opened(&visitor, &tab).await;
    let _second = opened(&visitor, &tab).await;
    let third = visitor
        .send(visitor.post("/_via/stream", "stream", r#"{"tabs":[]}"#))
        .await
        .unwrap();
    assert_eq!(third.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(third.code().as_deref(), Some("too_many_streams"));
    assert_eq!(third.header("retry-after"), Some("5"));
    drop(first);
    eventually("there is room for a stream", async || {
        let stream = visitor.stream(&[&tab]).await;
        (stream.status() == StatusCode::OK).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut_after_fifteen_seconds() {
    let server = Serving::start(wall().streams_per_address(1)).await;
    let (visitor, tab) = live(&server).await;
    let mut stalled = opened(&visitor, &tab).await;
    // More than fits into the buffers of the system.
    for step in 0..60 {
        let size = 200_000 + step;
        let answer = tab.act(Action::new("Wall::paint").arg(size)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
    }
    let begun = Instant::now();
    let mut next = eventually("the place of the stalled reader is free", async || {
        let stream = visitor.stream(&[&tab]).await;
        (stream.status() == StatusCode::OK).then_some(stream)
    })
    .await;
    assert!(begun.elapsed() > Duration::from_secs(10));
    next.named("datastar-patch-elements").await;
    // The earlier stream ends in the middle.
    while let Some(event) = stalled.next().await {
        assert_ne!(event.name, "via-bye");
    }
}

#[tokio::test]
async fn a_stream_whose_client_sends_more_than_1_kib_ends() {
    let server = Serving::start(wall().streams_per_address(1)).await;
    let (visitor, tab) = live(&server).await;
    let request = bytes(&visitor.opening("/_via/stream", &[(&tab, None)]));
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket.write_all(&request).await.unwrap();
    let mut received = Vec::new();
    let mut until = async |socket: &mut TcpStream, text: &[u8]| {
        received.clear();
        while !received.windows(text.len()).any(|it| it == text) {
            let read = timeout(PATIENCE, socket.read_buf(&mut received)).await;
            assert_ne!(read.expect("a byte in time").expect("a byte"), 0);
        }
    };
    until(&mut socket, b">0<").await;
    socket.write_all(&[b'x'; 1024]).await.unwrap();
    let answer = tab.act(Action::new("Wall::paint").arg(7)).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
    until(&mut socket, b" 7<").await;
    socket.write_all(b"x").await.unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut rest))
        .await
        .expect("the connection ends")
        .expect_err("it is reset");
    eventually("its place is free", async || {
        let stream = visitor.stream(&[&tab]).await;
        (stream.status() == StatusCode::OK).then_some(())
    })
    .await;
}

#[tokio::test]
async fn slow_readers_that_keep_too_much_are_cut_at_once_and_no_other_is() {
    // This many readers keep more than all slow readers may, each with its own picture.
    const STALLED: usize = 5;
    const LARGE: usize = 2_000_000;
    const PICTURES: usize = 5;
    let server = Serving::start(wall().streams_per_address(STALLED + 1)).await;
    let (visitor, quick) = live(&server).await;
    let mut healthy = opened(&visitor, &quick).await;
    let mut stalled = Vec::new();
    for _ in 0..STALLED {
        let (visitor, tab) = live(&server).await;
        let stream = opened(&visitor, &tab).await;
        stalled.push((tab, stream));
    }
    let paint = async |tab: &Tab, size: usize| {
        let answer = tab.act(Action::new("Wall::paint").arg(size)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
    };
    let shows = async |stream: &mut Stream, size: usize| {
        let picture = format!(" {size}<");
        stream
            .until("with the picture", |event| event.data.contains(&picture))
            .await;
    };
    let begun = Instant::now();
    let last = LARGE + PICTURES - 1;
    for (tab, _) in &stalled {
        // More than fits into the buffers of the system.
        for step in 0..PICTURES {
            paint(tab, LARGE + step).await;
        }
    }
    eventually("the place of a stalled reader is free", async || {
        let stream = visitor.stream(&[&quick]).await;
        (stream.status() == StatusCode::OK).then_some(())
    })
    .await;
    let cut_after = begun.elapsed();
    assert!(cut_after < Duration::from_secs(14), "{cut_after:?}");
    for step in 0..PICTURES {
        paint(&quick, LARGE + step).await;
        shows(&mut healthy, LARGE + step).await;
    }
    let (_, mut longest) = stalled.remove(0);
    while let Some(event) = longest.next().await {
        let picture = format!(" {last}<");
        assert!(event.name != "via-bye" && !event.data.contains(&picture));
    }
    // The server spares the latest reader, which reads on.
    let (_, mut latest) = stalled.pop().unwrap();
    shows(&mut latest, last).await;
}

#[tokio::test]
async fn an_answer_is_given_over_a_connection_that_was_used_before() {
    let server = Serving::start(wall()).await;
    let (visitor, tab) = live(&server).await;
    let mut line = visitor.connect().await;
    for size in 1..=3 {
        let answer = tab
            .act_over(&mut line, Action::new("Wall::paint").arg(size))
            .await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye_to_each_stream_and_ends_in_time() {
    let server = Serving::start(wall()).await;
    let (visitor, tab) = live(&server).await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = opened(&visitor, &tab).await;
        stream.named("via-hello").await;
        streams.push(stream);
    }
    let begun = Instant::now();
    let address = server.address();
    let stopping = tokio::spawn(server.stop());
    let mut hints = Vec::new();
    for stream in &mut streams {
        let bye = stream.named("via-bye").await;
        hints.push(bye.json()["reconnect_ms"].as_u64().unwrap());
        assert!(stream.next().await.is_none());
    }
    stopping.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(TcpStream::connect(address).await.is_err());
    hints.sort_unstable();
    assert!(hints[19] - hints[0] > 200, "{hints:?}");
    assert!(hints[19] < 1_500, "{hints:?}");
}
