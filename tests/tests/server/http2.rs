//! HTTP/2 with prior knowledge, as a proxy speaks it to the server, over real sockets.

use std::time::{Duration, Instant};

use http::{HeaderValue, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use via_tests::http::{Action, Stream, Tab, Trunk, Visitor};
use via_tests::patience::{PATIENCE, eventually};
use via_tests::serving::Serving;
use via_tests::wall::wall;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// So many readers keep more than all slow readers may, each with a picture of its own ...
const STALLED: usize = 6;
/// ... of this size.
const LARGE: usize = 2_000_000;
/// An empty frame of settings, which has to come next.
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
/// The begin of a head, `:method: GET`, that does not go on.
const HALF_A_HEAD: &[u8] = b"\0\0\x01\x01\x01\0\0\0\x01\x82";

/// Somebody new with a live tab, all by this connection.
async fn live(server: &Serving, trunk: &Trunk) -> Tab {
    let visitor = server.visitor();
    trunk.get(&visitor, "/").await.assert_ok();
    trunk.attach(&visitor, "/").await
}

async fn opened(trunk: &Trunk, tab: &Tab) -> Stream {
    let mut stream = trunk.stream(tab).await;
    assert_eq!(stream.status(), StatusCode::OK);
    stream.named("via-hello").await;
    stream
}

async fn paint(trunk: &Trunk, tab: &Tab, size: usize) {
    let answer = trunk.act(tab, Action::new("Wall::paint").arg(size)).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
}

/// Waits until the stream shows the picture of this size.
async fn shows(stream: &mut Stream, size: usize) {
    let picture = format!(" {size}<");
    stream
        .until(&format!("with {size}"), |event| {
            event.data.contains(&picture)
        })
        .await;
}

/// Whether an address that has all its streams may open one more.
async fn has_room(visitor: &Visitor, tab: &Tab) -> Option<()> {
    let stream = visitor.stream(&[tab]).await;
    (stream.status() == StatusCode::OK).then_some(())
}

#[tokio::test]
async fn a_page_its_actions_and_its_stream_come_by_one_connection() {
    let server = Serving::start(wall()).await;
    let visitor = server.visitor();
    let trunk = visitor.connect_by_http2().await;
    let page = trunk.get(&visitor, "/").await;
    page.assert_ok();
    assert_eq!(page.shows("wall"), "0");
    assert!(page.header("content-security-policy").is_some());
    let tab = trunk.attach(&visitor, "/").await;
    let mut stream = opened(&trunk, &tab).await;
    for (name, there) in [
        ("content-type", true),
        ("date", true),
        ("x-accel-buffering", true),
        ("content-security-policy", true),
        ("connection", false),
        ("transfer-encoding", false),
    ] {
        assert_eq!(stream.headers().contains_key(name), there, "{name}");
    }
    for size in [1, 20, 300_000] {
        paint(&trunk, &tab, size).await;
        shows(&mut stream, size).await;
    }
    assert_eq!(
        trunk.get(&visitor, "/").await.shows("wall").trim(),
        "300000"
    );
}

#[tokio::test]
async fn cookies_may_come_in_several_fields() {
    let server = Serving::start(wall()).await;
    let visitor = server.visitor();
    let trunk = visitor.connect_by_http2().await;
    trunk.get(&visitor, "/").await.assert_ok();
    let mut request = visitor.post("/", "attach", "{}");
    let ours = request.headers_mut().remove("cookie").unwrap();
    for cookie in [
        HeaderValue::from_static("a=1"),
        ours,
        HeaderValue::from_static("b=2"),
    ] {
        request.headers_mut().append("cookie", cookie);
    }
    trunk.send(request).await.unwrap().assert_ok();
}

#[tokio::test]
async fn many_streams_go_over_one_connection_at_a_time() {
    let server = Serving::start(wall()).await;
    let trunk = server.visitor().connect_by_http2().await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        let tab = live(&server, &trunk).await;
        let stream = opened(&trunk, &tab).await;
        streams.push((tab, stream));
    }
    for (place, (tab, _)) in streams.iter().enumerate() {
        paint(&trunk, tab, 100 + place).await;
    }
    for (place, (_, stream)) in streams.iter_mut().enumerate() {
        shows(stream, 100 + place).await;
    }
}

#[tokio::test]
async fn a_preface_may_come_in_pieces_and_so_may_a_head_of_http_1() {
    let server = Serving::start(wall()).await;
    let first_bytes = async |pieces: Vec<&[u8]>| {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        socket.set_nodelay(true).unwrap();
        for piece in pieces {
            socket.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut answer = vec![0; 9];
        socket.read_exact(&mut answer).await.unwrap();
        answer
    };
    let mut by_bytes: Vec<_> = PREFACE.chunks(1).collect();
    by_bytes.push(SETTINGS);
    // A frame of settings is the first that a server says.
    assert_eq!(first_bytes(by_bytes).await[3], 4);
    assert_eq!(first_bytes(vec![PREFACE, SETTINGS]).await[3], 4);
    let head: &[u8] = b"POST / HTTP/1.1\r\nhost: a\r\n\r\n";
    let answer = first_bytes(head.chunks(1).collect()).await;
    assert_eq!(answer, b"HTTP/1.1 ");
}

#[tokio::test]
async fn a_client_is_told_how_much_it_may_send() {
    let server = Serving::start(wall()).await;
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket
        .write_all(&[PREFACE, SETTINGS].concat())
        .await
        .unwrap();
    let mut head = [0; 9];
    socket.read_exact(&mut head).await.unwrap();
    let mut settings = vec![0; usize::from(head[2])];
    socket.read_exact(&mut settings).await.unwrap();
    let value = |id: u8| {
        let setting = settings.chunks(6).find(|setting| setting[1] == id)?;
        Some(u32::from_be_bytes(setting[2..].try_into().unwrap()))
    };
    let (requests, window, heads) = (3, 4, 6);
    assert_eq!(value(requests), Some(128));
    assert_eq!(value(window), Some(64 * 1024));
    assert_eq!(value(heads), Some(16 * 1024));
}

#[tokio::test]
async fn the_first_request_has_ten_seconds_to_arrive() {
    let server = Serving::start(wall()).await;
    let kept_for = async |bytes: Vec<u8>| {
        let begun = Instant::now();
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        socket.write_all(&bytes).await.unwrap();
        let mut answer = Vec::new();
        // However it ends: a reset is an end as well.
        let _ = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut answer))
            .await
            .expect("the connection ends");
        begun.elapsed()
    };
    let (half, silent, settled, slow) = tokio::join!(
        kept_for(PREFACE[..20].to_vec()),
        kept_for(PREFACE.to_vec()),
        kept_for([PREFACE, SETTINGS].concat()),
        kept_for([PREFACE, SETTINGS, HALF_A_HEAD].concat()),
    );
    for kept in [half, silent, settled, slow] {
        assert!(kept >= Duration::from_secs(9), "{kept:?}");
    }
}

#[tokio::test]
async fn one_stream_more_than_an_address_may_have_is_refused_until_another_ends() {
    let server = Serving::start(wall().streams_per_address(2)).await;
    let trunk = server.visitor().connect_by_http2().await;
    let tab = live(&server, &trunk).await;
    let first = opened(&trunk, &tab).await;
    let _second = opened(&trunk, &tab).await;
    let third = tab
        .visitor()
        .post("/_via/stream", "stream", r#"{"tabs":[]}"#);
    let third = trunk.send(third).await.unwrap();
    assert_eq!(third.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(third.code().as_deref(), Some("too_many_streams"));
    assert_eq!(third.header("retry-after"), Some("5"));
    drop(first);
    eventually("there is room for a stream", async || {
        has_room(tab.visitor(), &tab).await
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_breaks_gives_the_places_of_its_streams_back() {
    let server = Serving::start(wall().streams_per_address(1)).await;
    let trunk = server.visitor().connect_by_http2().await;
    let tab = live(&server, &trunk).await;
    let _stream = opened(&trunk, &tab).await;
    assert!(has_room(tab.visitor(), &tab).await.is_none());
    drop(trunk);
    eventually("there is room for a stream", async || {
        has_room(tab.visitor(), &tab).await
    })
    .await;
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut_after_fifteen_seconds_and_no_other_is() {
    let server = Serving::start(wall().streams_per_address(2)).await;
    let trunk = server.visitor().connect_by_http2().await;
    let (slow, quick) = (live(&server, &trunk).await, live(&server, &trunk).await);
    let mut stalled = opened(&trunk, &slow).await;
    let mut healthy = opened(&trunk, &quick).await;
    let begun = Instant::now();
    // More than the window of the stream.
    paint(&trunk, &slow, 200_000).await;
    let mut size = 300_000;
    eventually("the place of the stalled reader is free", async || {
        size += 1;
        paint(&trunk, &quick, size).await;
        shows(&mut healthy, size).await;
        has_room(slow.visitor(), &slow).await
    })
    .await;
    assert!(begun.elapsed() > Duration::from_secs(14));
    // What it was sent before ends in the middle.
    while let Some(event) = stalled.next().await {
        assert!(event.name != "via-bye" && !event.data.contains(" 200000<"));
    }
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye_to_each_stream_and_ends_the_connection() {
    let server = Serving::start(wall()).await;
    let trunk = server.visitor().connect_by_http2().await;
    let idle = server.visitor().connect_by_http2().await;
    idle.get(&server.visitor(), "/").await.assert_ok();
    let mut streams = Vec::new();
    for _ in 0..5 {
        let tab = live(&server, &trunk).await;
        streams.push(opened(&trunk, &tab).await);
    }
    let begun = Instant::now();
    let stopping = tokio::spawn(server.stop());
    for stream in &mut streams {
        let bye = stream.named("via-bye").await;
        assert!(bye.json()["reconnect_ms"].is_u64());
        assert!(stream.next().await.is_none());
    }
    trunk.ended().await;
    idle.ended().await;
    stopping.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(9));
}

#[tokio::test]
async fn slow_readers_that_keep_too_much_are_cut_at_once_and_no_other_is() {
    let server = Serving::start(wall().streams_per_address(STALLED + 1)).await;
    let trunk = server.visitor().connect_by_http2().await;
    let quick = live(&server, &trunk).await;
    let mut healthy = opened(&trunk, &quick).await;
    let mut stalled = Vec::new();
    for _ in 0..STALLED {
        let tab = live(&server, &trunk).await;
        let stream = opened(&trunk, &tab).await;
        stalled.push((tab, stream));
    }
    let begun = Instant::now();
    for (place, (tab, _)) in stalled.iter().enumerate() {
        paint(&trunk, tab, LARGE + place).await;
    }
    eventually("the place of a stalled reader is free", async || {
        has_room(quick.visitor(), &quick).await
    })
    .await;
    assert!(
        begun.elapsed() < Duration::from_secs(14),
        "{:?}",
        begun.elapsed()
    );
    paint(&trunk, &quick, LARGE).await;
    shows(&mut healthy, LARGE).await;
    let (_, mut longest) = stalled.remove(0);
    while let Some(event) = longest.next().await {
        let picture = format!(" {LARGE}<");
        assert!(event.name != "via-bye" && !event.data.contains(&picture));
    }
    // The latest is let off, and reads on.
    let (_, mut latest) = stalled.pop().unwrap();
    shows(&mut latest, LARGE + STALLED - 1).await;
}
