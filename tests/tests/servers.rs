//! Several servers on one store: what one does the others show, whatever becomes of the notices.

use std::time::{Duration, Instant};

use via::prelude::*;
use via_tests::http::{Action, Stream, Tab, Visitor};
use via_tests::serving::Serving;
use via_tests::tape::Tape;

/// Within this time a change is shown whose notice was lost.
const CONVERGED: Duration = Duration::from_secs(6);

#[via::page("/")]
struct Desk {
    #[state]
    count: u32,
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
}

impl View for Desk {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            output id="count" { "count " (self.count) }
            output id="total" { "total " (self.total) }
            input data-bind=(cx.draft());
        }
    }
}

/// Two servers, and a tab whose actions go to the first and whose stream comes from the second.
struct Scene {
    store: Tape,
    first: Serving,
    second: Serving,
    visitor: Visitor,
    tab: Tab,
    stream: Stream,
}

impl Scene {
    async fn new() -> Self {
        let store = Tape::default();
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
            visitor,
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

#[tokio::test]
async fn a_change_whose_notice_was_lost_is_shown_within_six_seconds() {
    let mut scene = Scene::new().await;
    scene.store.set_silent(true);
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
    scene.store.set_silent(true);
    scene.tab.act(Action::new("Desk::add")).await.assert_ok();
    let before = Instant::now();
    scene.store.lag();
    shows(&mut scene.stream, "count 2").await;
    // The next check of its own may have come first, but not so soon in both runs.
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
    let checks = scene.store.checks();
    via_tests::patience::eventually("both servers have checked twice", async || {
        (scene.store.checks() >= checks + 4).then_some(())
    })
    .await;
    assert_eq!(scene.store.writes() - writes, 1);
    assert_eq!(scene.store.announced() - notices, 1);
    scene.stop().await;
}

#[tokio::test]
async fn nothing_is_asked_for_what_nobody_shows_and_many_documents_are_asked_for_at_once() {
    let store = Tape::default();
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
    // Forty sessions in one question; the total of all is a question of its own.
    via_tests::patience::eventually("all sessions were asked for at once", async || {
        (store.widest_check() == 40).then_some(())
    })
    .await;
    streams.clear();
    server.stop().await;
}
