//! Several servers on one store: each shows what the others commit, even if notices are lost.

use std::time::{Duration, Instant};

use via::prelude::*;
use via_tests::client::{Action, Stream, Tab, Visitor};
use via_tests::serving::Serving;
use via_tests::stores::{Call, Faulty, Operation};

/// A change whose notice was lost is shown within this time.
const CONVERGED: Duration = Duration::from_secs(6);

#[via::page("/")]
struct Desk {
    #[state]
    count: u32,
    #[state]
    open: bool,
    #[state]
    entered: u32,
    #[state(app)]
    total: u32,
    #[signal(tab)]
    draft: String,
}

#[via::actions]
impl Desk {
    fn add(&mut self) {
        self.count += 1;
    }

    fn add_total(&mut self) {
        self.total += 1;
    }

    fn submit(&mut self) {
        self.count += 1;
        self.draft.clear();
    }

    fn clear(&mut self) {
        self.draft.clear();
    }

    fn open_up(&mut self) {
        self.open = true;
    }

    fn enter(&mut self) -> Result<(), &'static str> {
        if !self.open {
            return Err("It is closed.");
        }
        self.entered += 1;
        Ok(())
    }

    fn break_in(&mut self) {
        assert!(self.open, "it is closed");
        self.entered += 1;
    }

    async fn enter_by(task: Task<Self>) -> Result<(), String> {
        task.update(|desk| {
            assert!(desk.open, "it is closed");
            desk.entered += 1;
        })
        .await
        .map_err(|error| error.to_string())
    }

    fn log_in(&mut self, fx: &mut Effects) -> Result<(), via::EffectError> {
        fx.session().login("anna")
    }
}

impl View for Desk {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            output id="count" { "count " (self.count) }
            output id="entered" { "entered " (self.entered) }
            output id="total" { "total " (self.total) }
            input data-bind=(cx.draft());
        }
    }
}

/// Two servers, and a tab whose actions go to the first and whose stream comes from the second.
struct Scene {
    store: Faulty,
    first: Serving,
    second: Serving,
    tab: Tab,
    stream: Stream,
}

impl Scene {
    async fn new() -> Self {
        let store = Faulty::rewindable();
        let app = || {
            via::App::new()
                .name("desk")
                .store(store.clone())
                .page::<Desk>()
        };
        let first = Serving::start(app()).await;
        let second = Serving::start(app()).await;
        let visitor = first.visit("/").await;
        let tab = visitor.attach("/").await;
        let mut stream = visitor.at(second.address()).stream(&[&tab]).await;
        tab.act(Action::new("Desk::add")).await.assert_ok();
        shows(&mut stream, "count 1").await;
        tab.act(Action::new("Desk::add_total")).await.assert_ok();
        shows(&mut stream, "total 1").await;
        Self {
            store,
            first,
            second,
            tab,
            stream,
        }
    }

    async fn stop(self) {
        drop(self.stream);
        self.first.stop().await;
        self.second.stop().await;
    }
}

/// Waits for a patch with this text.
async fn shows(stream: &mut Stream, text: &str) {
    stream
        .until(&format!("shows {text:?}"), |event| {
            event.data.contains(text)
        })
        .await;
}

/// If one server has shown something to a tab, the next server never shows anything older.
#[tokio::test]
async fn a_stream_that_is_opened_shows_what_was_committed_before_whatever_the_server_knew() {
    let scene = Scene::new().await;
    scene.store.lose_notices(|| true);
    scene
        .tab
        .act(Action::new("Desk::add_total"))
        .await
        .assert_ok();
    let visitor = scene.first.visit("/").await;
    let tab = visitor.attach("/").await;
    let mut stream = visitor.at(scene.second.address()).stream(&[&tab]).await;
    let shown = stream
        .until("shows a total", |event| event.data.contains("total "))
        .await;
    assert!(shown.data.contains("total 2"), "{shown}");
    drop(stream);
    scene.stop().await;
}

#[tokio::test]
async fn a_change_whose_notice_was_lost_is_shown_within_six_seconds() {
    let mut scene = Scene::new().await;
    scene.store.lose_notices(|| true);
    for (action, text) in [("Desk::add", "count 2"), ("Desk::add_total", "total 2")] {
        let before = Instant::now();
        scene.tab.act(Action::new(action)).await.assert_ok();
        shows(&mut scene.stream, text).await;
        let took = before.elapsed();
        println!("{action}: shown after {took:?}");
        assert!(took < CONVERGED, "{took:?}");
    }
    scene.stop().await;
}

#[tokio::test]
async fn whoever_hears_that_notices_were_lost_checks_everything_now() {
    let mut scene = Scene::new().await;
    scene.store.lose_notices(|| true);
    scene.tab.act(Action::new("Desk::add")).await.assert_ok();
    let before = Instant::now();
    scene.store.lag();
    shows(&mut scene.stream, "count 2").await;
    // The regular check may have come first, but not so soon in both rounds.
    scene.tab.act(Action::new("Desk::add")).await.assert_ok();
    scene.store.lag();
    shows(&mut scene.stream, "count 3").await;
    assert!(
        before.elapsed() < Duration::from_secs(3),
        "{:?}",
        before.elapsed()
    );
    scene.stop().await;
}

#[tokio::test]
async fn one_action_is_one_write_and_one_notice_and_then_it_is_quiet() {
    let mut scene = Scene::new().await;
    let (writes, notices) = (scene.store.writes(), scene.store.announced());
    scene.tab.act(Action::new("Desk::add")).await.assert_ok();
    shows(&mut scene.stream, "count 2").await;
    // Until both servers have checked what they show.
    let count = || {
        let is_check = |call: &Call| call.operation == Operation::Revisions;
        scene.store.count(is_check)
    };
    let checks = count();
    via_tests::patience::eventually("both servers have checked twice", async || {
        (count() >= checks + 4).then_some(())
    })
    .await;
    assert_eq!(scene.store.writes() - writes, 1);
    assert_eq!(scene.store.announced() - notices, 1);
    scene.stop().await;
}

#[tokio::test]
async fn nothing_is_asked_for_what_nobody_shows_and_many_documents_are_asked_for_at_once() {
    let store = Faulty::rewindable();
    let server = Serving::start(via::App::new().store(store.clone()).page::<Desk>()).await;
    let mut streams = Vec::new();
    for _ in 0..40 {
        let visitor = server.visit("/").await;
        let tab = visitor.attach("/").await;
        let mut stream = visitor.stream(&[&tab]).await;
        tab.act(Action::new("Desk::add")).await.assert_ok();
        shows(&mut stream, "count 1").await;
        streams.push(stream);
    }
    // One question for forty sessions; the shared total has its own question.
    via_tests::patience::eventually("all sessions were asked for at once", async || {
        let calls = store.calls();
        let checks = calls
            .iter()
            .filter(|call| call.operation == Operation::Revisions);
        (checks.map(|call| call.keys.len()).max() == Some(40)).then_some(())
    })
    .await;
    streams.clear();
    server.stop().await;
}

#[tokio::test]
async fn an_input_that_an_action_at_another_server_cleared_is_cleared() {
    let mut scene = Scene::new().await;
    // The server of the stream sees only the empty value, before and after.
    let answer = scene
        .tab
        .act(Action::new("Desk::submit").edited("draft", "milk"))
        .await;
    answer.assert_ok();
    is_cleared(&mut scene.stream).await;
    shows(&mut scene.stream, "count 2").await;
    scene.stop().await;
}

#[tokio::test]
async fn what_a_tab_sent_to_another_server_is_not_sent_back_to_it() {
    let mut scene = Scene::new().await;
    let there = scene.tab.visitor().at(scene.second.address());
    let frame = frame_of(&there).await;
    scene.stream = there.resume(&[(&scene.tab, Some(&frame))]).await;
    let answer = scene
        .tab
        .act(Action::new("Desk::add").edited("draft", "bread"))
        .await;
    answer.assert_ok();
    let events = scene.stream.drain(Duration::from_millis(700)).await;
    let about = |text: &str| events.iter().any(|event| event.data.contains(text));
    assert!(about("count 2") && !about("bread"), "{events:?}");
    // The server knows what the tab shows, and this value differs.
    scene.tab.act(Action::new("Desk::clear")).await.assert_ok();
    is_cleared(&mut scene.stream).await;
    scene.stop().await;
}

async fn is_cleared(stream: &mut Stream) {
    let cleared = stream
        .until("about the draft", |event| event.data.contains("draft"))
        .await;
    assert!(cleared.data.contains(r#"{"draft":""}"#), "{cleared}");
}

/// The hash of the frame that the page shows now.
async fn frame_of(visitor: &Visitor) -> String {
    let page = visitor.get("/").await.text();
    let (_, rest) = page.split_once("data-via-frame=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_tab_that_acted_while_it_had_no_stream_is_told_what_became_of_its_input() {
    let scene = Scene::new().await;
    let Scene {
        tab,
        stream,
        first,
        second,
        ..
    } = scene;
    drop(stream);
    // The view is the same as before, so the hash of the frame does not help.
    let answer = tab
        .act(Action::new("Desk::clear").edited("draft", "milk"))
        .await;
    answer.assert_ok();
    let frame = frame_of(tab.visitor()).await;
    let visitor = tab.visitor().at(second.address());
    let mut stream = visitor.resume(&[(&tab, Some(&frame))]).await;
    is_cleared(&mut stream).await;
    drop(stream);
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn nobody_is_refused_because_of_what_another_server_has_changed_meanwhile() {
    let mut scene = Scene::new().await;
    scene.store.lose_notices(|| true);
    let second = scene.tab.visitor().at(scene.second.address());
    let tab = scene.tab.at(&second);
    // The second server shows a stream of the session, and does not know of this change.
    scene
        .tab
        .act(Action::new("Desk::open_up"))
        .await
        .assert_ok();
    let tab = tab.at(&second);
    for action in ["Desk::enter", "Desk::break_in", "Desk::enter_by"] {
        let action = Action::new(action).number(scene.tab.next_number());
        let answer = tab.act(action).await;
        answer.assert_ok();
    }
    shows(&mut scene.stream, "entered 3").await;
    scene.stop().await;
}

#[tokio::test]
async fn a_log_in_at_one_server_is_known_to_the_next_request_at_another() {
    let scene = Scene::new().await;
    scene.store.lose_notices(|| true);
    scene.tab.act(Action::new("Desk::log_in")).await.assert_ok();
    let second = scene.tab.visitor().at(scene.second.address());
    let action = Action::new("Desk::add").number(scene.tab.next_number());
    let answer = scene.tab.at(&second).act(action).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    scene.stop().await;
}
