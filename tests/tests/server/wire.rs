//! The visitor without a browser and the proxy, against a small server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use via_tests::client::{Action, Visitor, raw};
use via_tests::fixture::{Fixture, Reply};
use via_tests::patience::wait_until;
use via_tests::proxy::{Fate, Proxy};

/// A server that speaks the contract and remembers nothing but how many actions it got.
fn server() -> (Fixture, Arc<AtomicU64>) {
    let actions = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&actions);
    let server = Fixture::start(move |request| {
        let kind = request
            .headers()
            .get("via-request")
            .map_or("", |kind| kind.to_str().unwrap());
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        match (request.uri().path(), kind) {
            ("/", "") => Reply::html("<h1>Counter</h1>")
                .header("set-cookie", "who=ann; HttpOnly; SameSite=Lax; Path=/"),
            ("/bye", _) => Reply::html("").header("set-cookie", "who=; Max-Age=0; Path=/"),
            ("/", "attach") => {
                assert_eq!(request.headers()["sec-fetch-site"], "same-origin");
                assert_eq!(request.headers()["cookie"], "who=ann");
                Reply::of(
                    "application/json",
                    r#"{"token":"T","tab":"7","renew_ms":1000}"#,
                )
            }
            ("/_via/stream", "stream") => {
                assert_eq!(body, json!({ "tabs": [{ "token": "T", "frame": null }] }));
                Reply::of(
                    "text/event-stream",
                    "event: via-hello\ndata: {\"tabs\":1}\n\n: alive\n\nevent: datastar-pa",
                )
                .chunk("tch-elements\nid: 7/1\ndata: elements <p>1</p>\n\n")
                .endless()
            }
            ("/", "action") => {
                counted.fetch_add(1, Ordering::SeqCst);
                Reply::status(StatusCode::NO_CONTENT)
                    .header("via-ack", &body["number"].to_string())
                    .header("via-revision", "3")
            }
            _ => Reply::status(StatusCode::NOT_FOUND),
        }
    });
    (server, actions)
}

async fn visit(address: std::net::SocketAddr) -> Visitor {
    let visitor = Visitor::new(address);
    visitor.get("/").await.assert_ok();
    visitor
}

#[tokio::test]
async fn a_visitor_keeps_and_loses_cookies() {
    let (server, _) = server();
    let visitor = visit(server.address()).await;
    assert_eq!(visitor.cookies()["who"], "ann");
    visitor.get("/bye").await.assert_ok();
    assert!(visitor.cookies().is_empty());
}

#[tokio::test]
async fn a_tab_attaches_streams_and_acts() {
    let (server, actions) = server();
    let visitor = visit(server.address()).await;
    let tab = visitor.attach("/").await;
    assert_eq!((tab.token(), tab.id()), ("T", "7"));
    let mut stream = visitor.stream(&[&tab]).await;
    assert_eq!(stream.status(), StatusCode::OK);
    assert_eq!(stream.named("via-hello").await.json()["tabs"], 1);
    let patch = stream.next().await.unwrap();
    assert_eq!(patch.field("elements").as_deref(), Some("<p>1</p>"));
    assert_eq!(stream.comments(), 1);
    assert!(stream.drain(Duration::from_millis(1)).await.is_empty());
    for number in 1..=3 {
        let answer = tab
            .act(Action::new("Counter::increment").edited("step", 2))
            .await;
        assert_eq!((answer.ack(), answer.revision()), (Some(number), Some(3)));
    }
    assert_eq!(actions.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn malformed_requests_can_be_sent() {
    let (server, _) = server();
    let answer = raw(server.address(), b"NONSENSE\r\n\r\n").await.unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.1 400"),
        "{:?}",
        String::from_utf8_lossy(&answer)
    );
}

#[tokio::test]
async fn a_proxy_passes_and_counts() {
    let (server, actions) = server();
    let proxy = Proxy::start(server.address());
    let visitor = visit(proxy.address()).await;
    let tab = visitor.attach("/").await;
    tab.act(Action::new("A::a")).await.assert_ok();
    let mut stream = visitor.stream(&[&tab]).await;
    assert_eq!(
        stream
            .named("datastar-patch-elements")
            .await
            .frame()
            .unwrap()
            .number,
        1
    );
    assert_eq!(actions.load(Ordering::SeqCst), 1);
    let seen: Vec<_> = proxy
        .exchanges()
        .into_iter()
        .map(|each| (each.method, each.path, each.kind, each.status))
        .collect();
    let ok = Some(StatusCode::OK);
    assert_eq!(
        seen,
        [
            (Method::GET, "/".to_owned(), String::new(), ok),
            (Method::POST, "/".into(), "attach".into(), ok),
            (
                Method::POST,
                "/".into(),
                "action".into(),
                Some(StatusCode::NO_CONTENT)
            ),
            (Method::POST, "/_via/stream".into(), "stream".into(), ok),
        ]
    );
}

#[tokio::test]
async fn a_dropped_answer_has_reached_the_server_and_not_the_client() {
    let (server, actions) = server();
    let proxy = Proxy::start(server.address());
    let tab = visit(proxy.address()).await.attach("/").await;
    proxy.rule(|request| {
        if request.is("action") && request.nth % 2 == 1 {
            Fate::DropAnswer
        } else {
            Fate::Pass
        }
    });
    tab.try_act(Action::new("A::a")).await.unwrap_err();
    assert_eq!(actions.load(Ordering::SeqCst), 1);
    assert_eq!(tab.act(Action::new("A::a")).await.ack(), Some(2));
    let answer = tab.act_until_acknowledged(Action::new("A::a")).await;
    assert_eq!(answer.ack(), Some(3));
    assert_eq!(actions.load(Ordering::SeqCst), 4);
    assert_eq!(proxy.count(|request| request.fate == Fate::DropAnswer), 2);
}

#[tokio::test]
async fn a_dropped_request_has_not_reached_the_server() {
    let (server, actions) = server();
    let proxy = Proxy::start(server.address());
    let tab = visit(proxy.address()).await.attach("/").await;
    proxy.rule(|_| Fate::DropRequest);
    tab.try_act(Action::new("A::a")).await.unwrap_err();
    assert_eq!(actions.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_doubled_request_reaches_the_server_twice_and_is_answered_once() {
    let (server, actions) = server();
    let proxy = Proxy::start(server.address());
    let tab = visit(proxy.address()).await.attach("/").await;
    proxy.rule(|_| Fate::Twice);
    assert_eq!(tab.act(Action::new("A::a")).await.ack(), Some(1));
    assert_eq!(actions.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_held_answer_comes_when_it_is_released() {
    let (server, actions) = server();
    let proxy = Proxy::start(server.address());
    let tab = visit(proxy.address()).await.attach("/").await;
    proxy.rule(|_| Fate::Hold);
    let held = tokio::spawn(async move { tab.act(Action::new("A::a")).await });
    tokio::task::spawn_blocking(move || {
        proxy.wait_for(1, |request| {
            request.is("action") && request.status.is_some()
        });
        assert!(!held.is_finished());
        proxy.release();
        wait_until("the answer arrives", || held.is_finished().then_some(()));
    })
    .await
    .unwrap();
    assert_eq!(actions.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn gateways_answer_without_asking_the_server() {
    let (server, actions) = server();
    let proxy = Proxy::start(server.address());
    let tab = visit(proxy.address()).await.attach("/").await;
    proxy.rule(|_| Fate::Answer(StatusCode::SERVICE_UNAVAILABLE));
    let answer = tab.act(Action::new("A::a")).await;
    assert_eq!(
        (answer.status, answer.ack()),
        (StatusCode::SERVICE_UNAVAILABLE, None)
    );
    proxy.pass();
    drop(server);
    let answer = tab.act(Action::new("A::a")).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert_eq!(actions.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_stream_can_be_cut_in_mid_air() {
    let (server, _) = server();
    let proxy = Proxy::start(server.address());
    let visitor = visit(proxy.address()).await;
    let tab = visitor.attach("/").await;
    let mut stream = visitor.stream(&[&tab]).await;
    stream.named("datastar-patch-elements").await;
    proxy.cut();
    assert_eq!(stream.next().await, None);
    proxy.rule(|_| Fate::CutAfter(40));
    let mut stream = visitor.stream(&[&tab]).await;
    assert_eq!(stream.next().await.unwrap().name, "via-hello");
    assert_eq!(stream.next().await, None);
    assert_eq!(stream.received(), 40);
}

#[tokio::test]
async fn a_proxy_that_is_down_refuses_connections_until_it_comes_up() {
    let (server, _) = server();
    let proxy = Proxy::start(server.address());
    let visitor = visit(proxy.address()).await;
    proxy.go_down();
    let error = visitor
        .send(visitor.request(Method::GET, "/", ""))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    proxy.come_up();
    visitor.get("/").await.assert_ok();
}

#[tokio::test]
async fn the_server_sees_that_a_client_behind_the_proxy_went_away() {
    let (server, _) = server();
    let proxy = Proxy::start(server.address());
    let visitor = visit(proxy.address()).await;
    let tab = visitor.attach("/").await;
    let stream = visitor.stream(&[&tab]).await;
    assert_eq!(server.open_answers(), 1);
    drop(stream);
    tokio::task::spawn_blocking(move || {
        wait_until("the stream has ended at the server", || {
            (server.open_answers() == 0).then_some(())
        });
    })
    .await
    .unwrap();
}
