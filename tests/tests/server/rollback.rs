//! A store that loses what it had acknowledged, for example in a failover. The server accepts this, tells
//! the tabs, and writes nothing back.

use via::prelude::*;
use via_tests::alone::alone;
use via_tests::client::{Action, Stream};
use via_tests::patience::eventually;
use via_tests::serving::Serving;
use via_tests::stores::Faulty;

const SAID: &str = "The database has lost something";

#[via::page("/")]
struct Desk {
    #[state]
    count: u32,
    #[state(app)]
    total: u32,
}

#[via::actions]
impl Desk {
    fn add(&mut self) {
        self.count += 1;
    }

    fn add_total(&mut self) {
        self.total += 1;
    }
}

impl View for Desk {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {
            output id="count" { "count " (self.count) }
            output id="total" { "total " (self.total) }
        }
    }
}

async fn shows(stream: &mut Stream, text: &str) {
    stream
        .until(&format!("shows {text:?}"), |event| {
            event.data.contains(text)
        })
        .await;
}

async fn says_so_and_shows(stream: &mut Stream, text: &str) {
    let (mut said, mut shown) = (false, false);
    while !(said && shown) {
        let event = stream.next().await.expect("the stream goes on");
        said |= event.data.contains(SAID);
        shown |= event.data.contains(text);
    }
}

/// In its own process, because the whole process has one counter.
#[test]
fn what_a_store_has_lost_is_counted_said_and_not_written_back() {
    alone(
        "rollback::what_a_store_has_lost_is_counted_said_and_not_written_back",
        lose,
    );
}

#[tokio::main(flavor = "current_thread")]
async fn lose() {
    let store = Faulty::rewindable();
    let server = Serving::start(via::App::new().store(store.clone()).page::<Desk>()).await;
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    let mut stream = visitor.stream(&[&tab]).await;
    for count in 1..=3 {
        tab.act(Action::new("Desk::add")).await.assert_ok();
        shows(&mut stream, &format!("count {count}")).await;
    }
    for total in 1..=2 {
        tab.act(Action::new("Desk::add_total")).await.assert_ok();
        shows(&mut stream, &format!("total {total}")).await;
    }
    assert_eq!(via::rollbacks(), 0);

    // The last two commits changed the total, in the session's document and in its own.
    let (writes, commits) = (store.writes(), store.commits());
    store.wind_back(1).await;
    says_so_and_shows(&mut stream, "total 1").await;
    assert_eq!(via::rollbacks(), 2);
    assert_eq!((store.writes(), store.commits()), (writes, commits - 1));

    // An action finds it before any check does, and starts from what is there.
    store.wind_back(3).await;
    let action = Action::new("Desk::add");
    let answer = tab.act(action).await;
    answer.assert_ok();
    says_so_and_shows(&mut stream, "count 2").await;
    assert_eq!(visitor.get("/").await.shows("total"), "total 0");
    assert!(via::rollbacks() >= 4, "{}", via::rollbacks());

    // Other commits replace the lost ones, in the same number.
    let before = via::rollbacks();
    store.wind_back(1).await;
    let other = Serving::start(via::App::new().store(store.clone()).page::<Desk>()).await;
    let there = visitor.at(other.address());
    let second = there.attach("/").await;
    store.lose_notices(|| true);
    second.act(Action::new("Desk::add")).await.assert_ok();
    second.act(Action::new("Desk::add")).await.assert_ok();
    says_so_and_shows(&mut stream, "count 3").await;
    assert!(via::rollbacks() > before);

    // Everything is lost: the session has ended, and nothing restores it.
    let keys = |store: &Faulty| store.commits();
    store.flush_but("via/").await;
    let left = keys(&store);
    let end = stream
        .until("ends the session", |event| {
            event.data.contains("session_gone")
        })
        .await;
    assert_eq!(end.name, "via-tab");
    let third = visitor.attach("/").await;
    drop(third);
    let refused = second.act(Action::new("Desk::add")).await;
    eventually("nothing is written", async || {
        (store.commits() == left).then_some(())
    })
    .await;
    assert_eq!(refused.status, 401, "{}", refused.text());
    drop(stream);
    server.stop().await;
    other.stop().await;
}
