//! How often a session may act, and how many of its actions may wait: at each limit, and above it.

use std::time::{Duration, Instant};

use via::App;
use via::prelude::*;
use via_tests::client::{Action, Answer, Tab, Visitor};
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

fn add() -> Action {
    Action::new("Desk::add")
}

async fn visit(server: &Serving) -> (Visitor, Tab) {
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    (visitor, tab)
}

/// The action comes too early. The answer asks for it again in a second, and does not acknowledge it.
fn assert_later(answer: &Answer, code: &str) {
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert_eq!(answer.code().as_deref(), Some(code));
    assert_eq!(answer.ack(), None);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.json()["definite"], false);
}

#[tokio::test]
async fn sixty_actions_are_done_at_once_and_those_above_it_a_little_later() {
    // So slow that the allowance does not grow during the test, even if no stream shows the session.
    let app = App::new().action_rate(1, 60).page::<Desk>();
    let server = Serving::start_as_it_is(app).await;
    let (visitor, tab) = visit(&server).await;
    let began = Instant::now();
    let mut done = 0;
    let refused = loop {
        let answer = tab.act(add().number(done + 1)).await;
        if answer.status != 204 {
            break answer;
        }
        done += 1;
    };
    assert_later(&refused, "too_often");
    let earned = began.elapsed().as_secs() + 1;
    assert!((60..=60 + earned).contains(&done), "{done}");
    // No other session is affected.
    let (_, other) = visit(&server).await;
    assert_eq!(other.act(add()).await.status, 204);
    // The refused action is done when it comes again.
    eventually("the action is done", async || {
        (tab.act(add().number(done + 1)).await.ack() == Some(done + 1)).then_some(())
    })
    .await;
    assert_eq!(
        visitor.get("/").await.shows("count"),
        (done + 1).to_string()
    );
    server.stop().await;
}

#[tokio::test]
async fn by_default_a_session_acts_twenty_times_a_second() {
    let server = Serving::start_as_it_is(App::new().page::<Desk>()).await;
    let (_, tab) = visit(&server).await;
    let began = Instant::now();
    let mut done = 0_u32;
    while began.elapsed() < Duration::from_secs(4) {
        if tab.act(add().number(u64::from(done) + 1)).await.status == 204 {
            done += 1;
        }
    }
    let most = 60.0 + 20.0 * began.elapsed().as_secs_f64() + 1.0;
    println!("{done} actions in {:?}", began.elapsed());
    assert!(f64::from(done) <= most, "{done} of {most}");
    server.stop().await;
}

#[tokio::test]
async fn sixteen_actions_of_a_tab_wait_and_sixty_four_of_a_session() {
    let store = Faulty::default();
    let server = Serving::start(App::new().store(store.clone()).page::<Desk>()).await;
    let (visitor, tab) = visit(&server).await;
    tab.act(add()).await.assert_ok();
    let held = store.hold().await;
    let mut waiting = tokio::task::JoinSet::new();
    let act = |waiting: &mut tokio::task::JoinSet<Answer>, tab: &Tab, number: u64| {
        let tab = tab.at(&visitor);
        waiting.spawn(async move { tab.act(add().number(number)).await });
    };
    // One is running, and sixteen wait for it.
    let writes = store.written().len();
    act(&mut waiting, &tab, 2);
    eventually("the first has reached the store", async || {
        (store.written().len() > writes).then_some(())
    })
    .await;
    // No action completes while the store is held, so every answer is a refusal.
    for number in 3..=19 {
        act(&mut waiting, &tab, number);
    }
    let refused = waiting.join_next().await.unwrap().unwrap();
    assert_later(&refused, "busy");
    for _ in 0..3 {
        let other = visitor.attach("/").await;
        for number in 1..=16 {
            act(&mut waiting, &other, number);
        }
    }
    act(&mut waiting, &visitor.attach("/").await, 1);
    let refused = waiting.join_next().await.unwrap().unwrap();
    assert_later(&refused, "busy");
    assert_eq!(waiting.len(), 1 + 64);
    drop(held);
    let mut statuses = Vec::new();
    while let Some(answer) = waiting.join_next().await {
        statuses.push(answer.unwrap().status.as_u16());
    }
    // A number that came after a later one is superseded. No number was refused because of the limit.
    assert!(!statuses.contains(&429), "{statuses:?}");
    server.stop().await;
}
