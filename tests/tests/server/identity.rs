//! Who an action and a task belong to: the user whom the tab showed when the user clicked.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode};
use tokio::sync::Semaphore;
use via::prelude::*;
use via::store::Timestamp;
use via::{App, Clock, EffectError};
use via_tests::client::{Action, Answer, Tab, Visitor};
use via_tests::patience::eventually;
use via_tests::serving::Serving;

#[via::page("/")]
struct Desk {
    #[state]
    notes: Vec<String>,
    #[state(tab)]
    clicks: u32,
}

#[via::actions]
impl Desk {
    fn note(&mut self, text: String) {
        self.notes.push(text);
        self.clicks += 1;
    }

    fn log_in(&mut self, name: String, fx: &mut Effects) -> Result<(), EffectError> {
        self.notes.push(format!("log-in of {name}"));
        fx.session().login(name)
    }

    fn become_another(&mut self, name: String, fx: &mut Effects) -> Result<(), EffectError> {
        fx.session().login_keeping_state(name)
    }

    fn rotate(&mut self, fx: &mut Effects) {
        fx.session().rotate();
    }

    fn log_out(&mut self, fx: &mut Effects) {
        fx.session().logout();
    }

    /// Writes a note each time that the test lets it.
    async fn work(task: Task<Self>, gate: String) -> Result<(), via::action::TaskError> {
        loop {
            self::gate(&gate).acquire().await.unwrap().forget();
            task.update(|page| page.notes.push("task".to_owned()))
                .await?;
        }
    }
}

impl View for Desk {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {
            p id="notes" { (self.notes.join(", ")) }
            p id="clicks" { (self.clicks) }
        }
    }
}

fn gate(name: &str) -> Arc<Semaphore> {
    static GATES: LazyLock<Mutex<HashMap<String, Arc<Semaphore>>>> = LazyLock::new(Mutex::default);
    let mut gates = GATES.lock().unwrap();
    let gate = gates
        .entry(name.to_owned())
        .or_insert_with(|| Arc::new(Semaphore::new(0)));
    Arc::clone(gate)
}

fn action(name: &str) -> Action {
    Action::new(&format!("Desk::{name}"))
}

fn note(text: &str) -> Action {
    action("note").arg(text)
}

fn log_in(name: &str) -> Action {
    action("log_in").arg(name)
}

async fn done(tab: &Tab, action: Action) {
    let answer = tab.act(action).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
}

async fn desk() -> (Serving, Clock, Visitor, Tab) {
    let clock = Clock::manual(Timestamp::from_millis(1_000_000_000_000));
    let server = Serving::start(App::new().clock(clock.clone()).page::<Desk>()).await;
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    (server, clock, visitor, tab)
}

/// The mark of the user whom a newly loaded page shows.
async fn mark(visitor: &Visitor) -> String {
    let page = visitor.get("/").await.text();
    let (_, rest) = page.split_once("data-via-identity=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

/// A click in a tab that showed the user of this mark.
fn click(tab: &Tab, action: &Action, mark: &str) -> Request<Bytes> {
    let mut request = tab.request(action);
    let mark = HeaderValue::from_str(mark).unwrap();
    request.headers_mut().insert("via-identity", mark);
    request
}

#[track_caller]
fn assert_not_done(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text());
    assert_eq!(answer.code().as_deref(), Some("identity_changed"));
    assert_eq!(answer.json()["definite"], true);
    assert!(answer.ack().is_some());
    let message = answer.message().unwrap();
    assert!(message.contains("was not done"), "{message}");
}

#[tokio::test]
async fn a_click_of_one_user_is_not_carried_out_for_another_one_or_for_nobody() {
    let (_server, clock, visitor, tab) = desk().await;
    let nobody = mark(&visitor).await;
    done(&tab, log_in("ann")).await;
    let ann = mark(&visitor).await;
    assert!(nobody != ann && !ann.contains("ann"), "{ann}");
    let other = visitor.attach("/").await;
    let send = |request| async {
        // With the cookie that the browser has by now.
        let mut request: Request<Bytes> = request;
        let (name, value) = visitor.cookies().pop_first().unwrap();
        let cookie = HeaderValue::from_str(&format!("{name}={value}")).unwrap();
        request.headers_mut().insert("cookie", cookie);
        visitor.send(request).await.unwrap()
    };

    done(&tab, action("log_out")).await;
    let stale = click(&other, &note("as nobody").number(1), &ann);
    assert_not_done(&send(stale.clone()).await);
    done(&tab, log_in("bob")).await;
    let wrong = click(&other, &note("as bob").number(2), &ann);
    assert_not_done(&send(wrong.clone()).await);
    // The refusal is the outcome of that number, whoever is logged in when it is repeated.
    done(&tab, log_in("ann")).await;
    assert_not_done(&send(wrong).await);
    let next = click(&other, &note("as ann").number(3), &ann);
    assert_eq!(send(next).await.status, StatusCode::NO_CONTENT);
    let shown = visitor.get("/").await.shows("notes");
    assert_eq!(shown, "as ann");

    // A mark that this build does not know, and none, as an older client sends it.
    for mark in ["", "newer form"] {
        let request = click(&tab, &note("older"), mark);
        assert_eq!(send(request).await.status, StatusCode::NO_CONTENT);
    }
    clock.advance(Duration::from_hours(1));
    done(&tab, note("older")).await;
}

#[tokio::test]
async fn a_new_secret_does_not_matter_and_a_click_may_cross_a_log_in_by_30_seconds() {
    let (_server, clock, visitor, tab) = desk().await;
    let nobody = mark(&visitor).await;
    let other = visitor.attach("/").await;
    done(&tab, log_in("ann")).await;
    let ann = mark(&visitor).await;
    done(&tab, action("rotate")).await;
    assert_eq!(mark(&visitor).await, ann);
    for (advance, mark, is_done) in [
        (0, &ann, true),
        (29, &nobody, true),
        (1, &nobody, false),
        (3_600, &ann, true),
    ] {
        clock.advance(Duration::from_secs(advance));
        let answer = visitor.send(click(&other, &note("x"), mark)).await.unwrap();
        if is_done {
            assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
        } else {
            assert_not_done(&answer);
        }
    }
    // Whoever logs in again is the same user.
    done(&tab, log_in("ann")).await;
    assert_eq!(mark(&visitor).await, ann);
}

#[tokio::test]
async fn the_first_frame_of_a_stream_says_whom_it_shows_even_if_it_changes_nothing() {
    let (_server, _clock, visitor, tab) = desk().await;
    let mut stream = visitor.stream(&[&tab]).await;
    let hello = stream.named("via-hello").await.json();
    assert_eq!(hello["identity"], "nobody");
    let patch = stream.named("datastar-patch-elements").await;
    assert_eq!(patch.frame().unwrap().number, 1);
    done(&tab, log_in("ann")).await;
    stream.named("via-bye").await;

    let page = visitor.get("/").await.text();
    let (_, rest) = page.split_once("data-via-frame=\"").unwrap();
    let hash = rest.split_once('"').unwrap().0;
    let mut stream = visitor.resume(&[(&tab, Some(hash))]).await;
    let hello = stream.named("via-hello").await.json();
    let said = stream.named("via-identity").await;
    assert_eq!(hello["identity"], said.data);
    assert_eq!(said.data, mark(&visitor).await);
    let frame = said.frame().unwrap();
    assert_eq!((frame.number, frame.hash.as_deref()), (1, Some(hash)));
    done(&tab, note("more")).await;
    let more = stream.next().await.unwrap();
    assert!(more.data.contains("more"), "{more}");
}

#[tokio::test]
async fn a_task_goes_on_after_a_log_in_and_a_rotation() {
    let (_server, clock, visitor, tab) = desk().await;
    let worker = gate("goes on");
    done(&tab, action("work").arg("goes on")).await;
    for (at, change) in [log_in("ann"), action("rotate"), log_in("ann")]
        .into_iter()
        .enumerate()
    {
        done(&tab, change).await;
        clock.advance(Duration::from_mins(1));
        worker.add_permits(1);
        let mut stream = visitor.stream(&[&tab]).await;
        stream
            .until("of the task", |event| {
                event.data.matches("task").count() == at + 1
            })
            .await;
    }
}

#[tokio::test]
async fn a_task_ends_with_the_login_of_the_user_who_started_it() {
    for ends in ["log_out", "bob", "ann again"] {
        let (_server, _clock, visitor, tab) = desk().await;
        done(&tab, log_in("ann")).await;
        let gate = gate(ends);
        done(&tab, action("work").arg(ends)).await;
        gate.add_permits(1);
        let mut stream = visitor.stream(&[&tab]).await;
        stream
            .until("of the task", |event| event.data.contains("task"))
            .await;
        match ends {
            "bob" => done(&tab, log_in("bob")).await,
            "log_out" => done(&tab, action("log_out")).await,
            _ => {
                done(&tab, action("log_out")).await;
                done(&tab, log_in("ann")).await;
            }
        }
        gate.add_permits(10);
        // The task has taken one permit, and ends when its update fails.
        eventually("the task has ended", async || {
            (gate.available_permits() == 9 && Arc::strong_count(&gate) <= 2).then_some(())
        })
        .await;
        let shown = visitor.get("/").await.shows("notes");
        assert!(!shown.contains("task"), "{ends}: {shown}");
    }
}

#[tokio::test]
async fn a_log_in_of_another_user_begins_all_state_anew_unless_the_author_keeps_it() {
    let (_server, _clock, visitor, tab) = desk().await;
    let other = visitor.attach("/").await;
    let shown = || async { visitor.get("/").await.shows("notes") };
    done(&other, note("cart")).await;
    done(&tab, log_in("ann")).await;
    assert_eq!(shown().await, "cart, log-in of ann");
    done(&tab, log_in("ann")).await;
    assert_eq!(shown().await, "cart, log-in of ann, log-in of ann");

    done(&tab, log_in("bob")).await;
    assert_eq!(shown().await, "");
    done(&other, note("of bob")).await;
    let mut stream = visitor.stream(&[&other]).await;
    let patch = stream.named("datastar-patch-elements").await;
    assert!(patch.data.contains(r#"<p id="clicks">1</p>"#), "{patch}");

    done(&tab, action("become_another").arg("carol")).await;
    assert_eq!(shown().await, "of bob");
    done(&tab, action("log_out")).await;
    assert_eq!(shown().await, "");
}
