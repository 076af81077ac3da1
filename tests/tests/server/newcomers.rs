//! New sessions: how many one network begins, and which sessions make way for them in a full store.

use std::time::Duration;

use http::StatusCode;
use via::prelude::*;
use via::store::{MemoryStore, Timestamp};
use via::{App, Clock};
use via_tests::client::{Action, Answer, Tab, Visitor};
use via_tests::patience::eventually;
use via_tests::serving::Serving;
use via_tests::stores::{Faulty, Operation};

#[via::page("/")]
struct Desk {
    #[state]
    count: u32,
    #[state(app)]
    board: u32,
}

#[via::actions]
impl Desk {
    fn add(&mut self) {
        self.count += 1;
        self.board += 1;
    }
}

impl View for Desk {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {
            output id="count" { (self.count) }
            output id="board" { (self.board) }
        }
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

#[track_caller]
fn assert_code(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_deref()),
        (status, Some(code)),
        "{}",
        answer.text()
    );
}

#[track_caller]
fn assert_done(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
}

#[tokio::test]
async fn an_address_begins_so_many_sessions_and_whoever_is_late_loses_no_click() {
    let store = Faulty::default();
    let app = App::new()
        .store(store.clone())
        .action_rate(1000, 1000)
        .new_sessions_per_address(1, 3)
        .page::<Desk>();
    let server = Serving::start_as_it_is(app).await;
    let mut known = Vec::new();
    let (visitor, late, refused) = loop {
        let (visitor, tab) = visit(&server).await;
        let writes = store.writes();
        let answer = tab.act(add()).await;
        if answer.status != StatusCode::NO_CONTENT {
            assert_eq!(store.writes(), writes);
            break (visitor, tab, answer);
        }
        known.push(tab);
    };
    assert!(known.len() >= 3);
    assert_code(&refused, 429, "too_many_sessions");
    assert_eq!(refused.header("retry-after"), Some("5"));
    assert_eq!(refused.ack(), None);
    assert_eq!(refused.json()["definite"], false);
    // Whoever has a session is not slowed down, and everybody sees the page.
    for tab in &known {
        for _ in 0..20 {
            assert_done(&tab.act(add()).await);
        }
    }
    let shown = visitor.get("/").await.shows("board");
    assert_eq!(shown, (21 * known.len()).to_string());
    // The same click is done when it comes again.
    assert_done(&late.act_until_acknowledged(add().number(1)).await);
    assert_eq!(visitor.get("/").await.shows("count"), "1");
    server.stop().await;
}

#[tokio::test]
async fn by_default_an_address_begins_a_thousand_sessions_at_once() {
    let server = Serving::start_as_it_is(App::new().page::<Desk>()).await;
    let began = tokio::time::Instant::now();
    let mut done = 0_u64;
    loop {
        let (_, tab) = visit(&server).await;
        let answer = tab.act(add()).await;
        if answer.status != StatusCode::NO_CONTENT {
            assert_code(&answer, 429, "too_many_sessions");
            break;
        }
        done += 1;
    }
    let earned = 2 * began.elapsed().as_secs() + 2;
    assert!((1000..=1000 + earned).contains(&done), "{done}");
    server.stop().await;
}

/// An app on a small memory store, whose time stands still.
struct Scene {
    store: Faulty,
    clock: Clock,
    server: Serving,
}

/// The key of all cookies, the board, and so many sessions.
const ROOM: usize = 2 + 3;

impl Scene {
    async fn new() -> Self {
        let store = Faulty::new(MemoryStore::with_limits(ROOM, usize::MAX));
        let clock = Clock::manual(Timestamp::from_millis(1_000_000_000_000));
        let app = App::new().store(store.clone()).clock(clock.clone());
        let server = Serving::start(app.page::<Desk>()).await;
        Self {
            store,
            clock,
            server,
        }
    }

    fn advance(&self, minutes: u64) {
        self.clock.advance(Duration::from_mins(minutes));
    }

    /// A newcomer whose first action has this outcome.
    async fn newcomer(&self) -> (Visitor, Tab, Answer) {
        let (visitor, tab) = visit(&self.server).await;
        let answer = tab.act(add().number(1)).await;
        (visitor, tab, answer)
    }
}

#[tokio::test]
async fn a_session_that_made_way_has_ended_and_its_action_is_not_done_again() {
    let scene = Scene::new().await;
    let (visitor, tab, answer) = scene.newcomer().await;
    assert_done(&answer);
    scene.advance(1);
    for _ in 0..2 {
        assert_done(&scene.newcomer().await.2);
    }
    scene.advance(8);
    let (waiting, late, answer) = scene.newcomer().await;
    assert_code(&answer, 503, "full");
    scene.advance(1);
    assert_done(&late.act(add().number(1)).await);
    assert_eq!(waiting.get("/").await.shows("board"), "4");

    // The tab was loaded before the session began, so only the store knows that it existed.
    for action in [add().number(1), add().number(2)] {
        let answer = tab.act(action).await;
        assert_code(&answer, 401, "session_gone");
        assert!(answer.ack().is_some());
    }
    let stream = visitor.stream(&[&tab]).await;
    assert_code(&stream.into_answer().await.unwrap(), 401, "session_gone");
    assert_code(&visitor.try_attach("/").await, 401, "session_gone");
    assert_eq!(waiting.get("/").await.shows("board"), "4");

    // The page begins a new session.
    let before = visitor.cookies();
    assert_eq!(visitor.get("/").await.shows("count"), "0");
    assert_ne!(visitor.cookies(), before);
    scene.advance(10);
    assert_done(&visitor.attach("/").await.act(add()).await);
    assert_eq!(visitor.get("/").await.shows("count"), "1");
}

#[tokio::test]
async fn a_session_that_a_tab_shows_and_one_that_acted_twice_do_not_make_way() {
    let scene = Scene::new().await;
    let (shown, shown_tab, answer) = scene.newcomer().await;
    assert_done(&answer);
    let mut stream = shown.stream(&[&shown_tab]).await;
    stream.named("datastar-patch-elements").await;
    let (twice, twice_tab, answer) = scene.newcomer().await;
    assert_done(&answer);
    assert_done(&twice_tab.act(add().number(2)).await);
    assert_done(&scene.newcomer().await.2);

    for _ in 0..3 {
        scene.advance(9);
        let checked = |call: &via_tests::stores::Call| call.operation == Operation::Revisions;
        let before = scene.store.count(checked);
        eventually("what is shown is checked", async || {
            (scene.store.count(checked) > before).then_some(())
        })
        .await;
        assert_eq!(twice.get("/").await.shows("count"), "2");
    }
    // Only the third one made way.
    assert_done(&scene.newcomer().await.2);
    assert_code(&scene.newcomer().await.2, 503, "full");
    assert_done(&shown_tab.act(add().number(2)).await);
    assert_done(&twice_tab.act(add().number(3)).await);
    assert_eq!(shown.get("/").await.shows("count"), "2");
}
