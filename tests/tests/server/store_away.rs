//! A store that is unreachable, or comes back empty. Requests in the meantime are not lost, stored data
//! is not overwritten, and load balancers learn of it.

use via::prelude::*;
use via_tests::client::{Action, Answer, Visitor};
use via_tests::patience::eventually;
use via_tests::serving::Serving;
use via_tests::stores::Faulty;

#[via::page("/")]
struct Desk {
    #[state]
    count: u32,
}

#[via::actions]
impl Desk {
    fn add(&mut self) {
        self.count += 1;
    }
}

impl View for Desk {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! { output id="count" { (self.count) } }
    }
}

async fn desk(store: &Faulty) -> Serving {
    Serving::start(via::App::new().store(store.clone()).page::<Desk>()).await
}

async fn becomes(visitor: &Visitor, path: &str, status: u16) -> Answer {
    eventually(&format!("{path} answers {status}"), async || {
        let answer = visitor.get(path).await;
        (answer.status == status).then_some(answer)
    })
    .await
}

#[tokio::test]
async fn while_the_store_is_away_nothing_is_lost_and_the_same_number_may_come_again() {
    let store = Faulty::rewindable();
    let server = desk(&store).await;
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    tab.act(Action::new("Desk::add")).await.assert_ok();
    assert_eq!(visitor.get("/readyz").await.status, 200);

    store.set_away(true);
    let page = visitor.get("/").await;
    assert_eq!(page.status, 503);
    assert!(page.header("retry-after").is_some());
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert!(
        page.text().contains("cannot reach its data right now"),
        "{}",
        page.text()
    );
    assert_eq!(page.header("set-cookie"), None);
    let action = || Action::new("Desk::add").number(2);
    let refused = tab.act(action()).await;
    assert_eq!((refused.status.as_u16(), refused.ack()), (503, None));
    assert!(refused.header("retry-after").is_some());
    becomes(&visitor, "/readyz", 503).await;
    assert_eq!(visitor.get("/livez").await.status, 200);

    store.set_away(false);
    assert_eq!(tab.act(action()).await.ack(), Some(2));
    assert_eq!(visitor.get("/").await.shows("count"), "2");
    becomes(&visitor, "/readyz", 200).await;
    server.stop().await;
}

#[tokio::test]
async fn what_a_store_has_lost_is_not_begun_anew_by_a_tab_that_had_seen_it() {
    let store = Faulty::rewindable();
    let mut server = desk(&store).await;
    let visitor = server.visit("/").await;
    visitor
        .attach("/")
        .await
        .act(Action::new("Desk::add"))
        .await
        .assert_ok();
    let tab = visitor.attach("/").await;
    let other = visitor.attach("/").await;
    // Another server, which does not know the session.
    store.flush_but("via/").await;
    server.begin_to_stop();
    let server = desk(&store).await;
    let visitor = visitor.at(server.address());
    let (tab, other) = (tab.at(&visitor), other.at(&visitor));
    let refused = tab.act(Action::new("Desk::add")).await;
    assert_eq!(refused.code().as_deref(), Some("session_gone"));
    let mut stream = visitor.stream(&[&other]).await;
    stream
        .until("ends the session", |event| {
            event.data.contains("session_gone")
        })
        .await;
    drop(stream);
    // A user who reloads the page starts again.
    assert_eq!(visitor.get("/").await.shows("count"), "0");
    let tab = visitor.attach("/").await;
    tab.act(Action::new("Desk::add")).await.assert_ok();
    assert_eq!(visitor.get("/").await.shows("count"), "1");
    server.stop().await;
}

#[tokio::test]
async fn how_a_server_is_can_be_asked_without_a_session() {
    let server = Serving::start(via::App::new().page::<Desk>()).await;
    for path in ["/livez", "/readyz"] {
        let answer = server.visitor().get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("set-cookie"), None);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    server.stop().await;

    // Also if the app is part of another router.
    let router = via::App::new().page::<Desk>().into_router();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    for path in ["/livez", "/readyz"] {
        assert_eq!(Visitor::new(address).get(path).await.status, 200, "{path}");
    }
    serving.abort();
}

#[tokio::test]
async fn a_server_that_stops_is_not_ready_at_once_while_what_is_under_way_ends_well() {
    let store = Faulty::default();
    let mut server = Serving::start(via::App::new().store(store.clone()).page::<Desk>()).await;
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    let held = store.hold().await;
    let writes = store.written().len();
    let acting = tokio::spawn(async move { tab.act(Action::new("Desk::add")).await });
    eventually("the action has reached the store", async || {
        (store.written().len() > writes).then_some(())
    })
    .await;
    server.begin_to_stop();
    // A probe is refused, or gets a 503.
    eventually("the server is not ready", async || {
        let request = visitor.request(http::Method::GET, "/readyz", "");
        match visitor.send(request).await {
            Ok(answer) => (answer.status == 503).then_some(()),
            Err(_) => Some(()),
        }
    })
    .await;
    drop(held);
    assert_eq!(acting.await.unwrap().ack(), Some(1));
    server.stop().await;
}

#[test]
fn the_paths_of_probes_are_no_pages() {
    #[via::page("/livez")]
    struct Mine;

    impl View for Mine {
        fn view(&self, _: &Cx<Self>) -> Markup {
            html! {}
        }
    }

    let panic = std::panic::catch_unwind(|| drop(via::App::new().page::<Mine>())).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("load balancers ask there"), "{message}");
}
