//! How many tasks of one session run at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::StatusCode;
use tokio::sync::Semaphore;
use via::App;
use via::prelude::*;
use via_tests::client::{Action, Answer, Tab};
use via_tests::patience::eventually;
use via_tests::serving::Serving;

static GATE: Semaphore = Semaphore::const_new(0);
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Runs until the gate is open.
async fn sleep() {
    RUNNING.fetch_add(1, Ordering::SeqCst);
    let _ = GATE.acquire().await;
    RUNNING.fetch_sub(1, Ordering::SeqCst);
}

async fn running(number: usize) {
    eventually(&format!("{number} tasks run"), async || {
        (RUNNING.load(Ordering::SeqCst) == number).then_some(())
    })
    .await;
}

#[via::page("/")]
struct Desk {
    #[state]
    count: u32,
}

#[via::actions]
impl Desk {
    async fn wait(_task: Task<Self>) {
        sleep().await;
    }

    fn spawn(&mut self, futures: usize, fx: &mut Effects) {
        self.count += 1;
        for _ in 0..futures {
            fx.spawn(sleep());
        }
    }
}

impl View for Desk {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! { output id="count" { (self.count) } }
    }
}

fn wait() -> Action {
    Action::new("Desk::wait")
}

fn spawn(futures: usize) -> Action {
    Action::new("Desk::spawn").arg(futures)
}

#[track_caller]
fn assert_done(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
}

async fn assert_busy(tab: &Tab, action: Action) {
    let answer = tab.act(action).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_deref()),
        (429, Some("busy")),
        "{}",
        answer.text()
    );
    assert_eq!(
        (answer.ack(), answer.header("retry-after")),
        (None, Some("1"))
    );
}

#[tokio::test]
async fn a_session_runs_sixteen_tasks_and_starts_more_when_they_have_ended() {
    let server = Serving::start(App::new().page::<Desk>()).await;
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    for number in 1..=14 {
        assert_done(&tab.act(wait().number(number)).await);
    }
    assert_busy(&tab, spawn(3).number(15)).await;
    assert_done(&tab.act(spawn(2).number(15)).await);
    running(16).await;
    // What was started is answered as before, and starts nothing.
    assert_done(&tab.act(spawn(2).number(15)).await);
    for _ in 0..1000 {
        assert_busy(&tab, wait().number(16)).await;
    }
    running(16).await;
    assert_eq!(visitor.get("/").await.shows("count"), "1");

    // Actions that start nothing go on, and so does another session.
    assert_done(&tab.act(spawn(0).number(16)).await);
    let other = server.visit("/").await.attach("/").await;
    assert_done(&other.act(wait()).await);
    running(17).await;

    // No waiting helps against too many at once.
    let answer = other.act(spawn(17)).await;
    assert_eq!(answer.code().as_deref(), Some("incident"));
    assert!(answer.ack().is_some());

    GATE.add_permits(17);
    running(0).await;
    assert_done(&tab.act_until_acknowledged(wait().number(17)).await);
    server.stop().await;
}
