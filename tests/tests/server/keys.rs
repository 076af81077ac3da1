//! The key that all servers share: replaced with an overlap, from the store or from secrets.

use via::prelude::*;
use via_tests::client::{Action, Visitor};
use via_tests::patience::eventually;
use via_tests::serving::Serving;
use via_tests::stores::Faulty;

const NEW: &str = "a new secret of thirty-two bytes and more";
const OLD: &str = "an old secret of thirty-two bytes and more";

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

fn app(store: &Faulty) -> via::App {
    via::App::new().store(store.clone()).page::<Desk>()
}

/// A visitor whose session has begun.
async fn guest(server: &Serving) -> Visitor {
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    tab.act(Action::new("Desk::add")).await.assert_ok();
    visitor
}

async fn is_known(visitor: &Visitor, server: &Serving) -> bool {
    let cookies = visitor.cookies();
    let known = visitor.at(server.address()).get("/").await.shows("count") == "1";
    assert_eq!(known, visitor.cookies() == cookies);
    known
}

#[tokio::test]
async fn a_key_that_is_replaced_at_one_server_is_taken_up_by_the_others_without_a_restart() {
    let store = Faulty::rewindable();
    let first = Serving::start(app(&store)).await;
    let second = Serving::start(app(&store)).await;
    let before = guest(&first).await;
    let tab = before.attach("/").await;
    // The servers do not even get a notice of it.
    store.lose_notices(|| true);
    let sessions = app(&store).sessions();
    sessions.rotate_key().await.unwrap();
    let after = eventually("the first server seals with the new key", async || {
        let visitor = guest(&first).await;
        (visitor.cookies().len() == 1).then_some(visitor)
    })
    .await;
    for server in [&first, &second] {
        assert!(is_known(&before, server).await);
        assert!(is_known(&after, server).await);
    }
    let there = before.at(second.address());
    tab.at(&there)
        .act(Action::new("Desk::add"))
        .await
        .assert_ok();

    store.lose_notices(|| false);
    sessions.forget_old_keys().await.unwrap();
    eventually("the old key opens nothing", async || {
        let cookies = before.cookies();
        let known = before.at(second.address()).get("/").await.shows("count") == "2";
        for (name, value) in cookies {
            before.set_cookie(&name, &value);
        }
        (!known).then_some(())
    })
    .await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn tokens_and_cookies_of_a_key_that_a_server_does_not_know_make_it_look() {
    let store = Faulty::rewindable();
    let second = Serving::start(app(&store)).await;
    store.lose_notices(|| true);
    app(&store).sessions().rotate_key().await.unwrap();
    // This server knows the new key from its start.
    let first = Serving::start(app(&store)).await;
    let visitor = guest(&first).await;
    assert!(is_known(&visitor, &second).await);
    let tab = visitor.attach("/").await;
    let there = visitor.at(second.address());
    let mut stream = there.stream(&[&tab]).await;
    stream.named("via-hello").await;
    tab.at(&there)
        .act(Action::new("Desk::add"))
        .await
        .assert_ok();
    drop(stream);
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn secrets_replace_each_other_with_an_overlap() {
    let store = Faulty::rewindable();
    let old = Serving::start(app(&store).secret(OLD)).await;
    let before = guest(&old).await;
    let both = Serving::start(app(&store).secret(NEW).secret(OLD)).await;
    let after = guest(&both).await;
    assert!(is_known(&before, &both).await);
    let new = Serving::start(app(&store).secret(NEW)).await;
    assert!(is_known(&after, &new).await);
    assert!(!is_known(&before, &new).await);
    for server in [old, both, new] {
        server.stop().await;
    }
    let keys = [via::store::Key::new("via/key").unwrap()];
    let stored =
        via::store::Store::load(&store, &keys, via::store::Timestamp::from_millis(0)).await;
    assert_eq!(stored.unwrap(), [via::store::Loaded::Absent]);
}

#[tokio::test]
async fn a_secret_that_can_be_guessed_stops_the_app_and_a_key_that_is_not_stored_is_not_replaced() {
    let error = app(&Faulty::rewindable())
        .secret("hunter2")
        .bind("127.0.0.1:0")
        .await
        .unwrap_err();
    let message = error.to_string();
    assert!(
        error.is_config() && message.contains("openssl rand"),
        "{message}"
    );
    assert!(!message.contains("hunter2"), "{message}");
    let sessions = app(&Faulty::rewindable()).secret(NEW).sessions();
    let error = sessions.rotate_key().await.unwrap_err();
    assert!(error.is_config(), "{error}");
}
