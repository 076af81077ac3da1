//! An action changes the state once, however often it is sent and whatever happens to its answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use via::prelude::*;
use via::store::{Store, Timestamp};
use via_tests::client::{Action, Answer, Tab, Visitor};
use via_tests::patience::eventually;
use via_tests::proxy::{Fate, Proxy};
use via_tests::serving::Serving;
use via_tests::stores::{Fault, Faulty};

#[via::page("/")]
struct Counter {
    #[state]
    count: u64,
    #[state]
    open: bool,
}

#[via::actions]
impl Counter {
    fn add(&mut self) {
        self.count += 1;
    }

    fn add_many(&mut self, many: u64) {
        self.count += many;
    }

    fn add_and_tell(&mut self, fx: &mut Effects) {
        self.count += 1;
        fx.toast(format!("now {}", self.count));
    }

    fn open(&mut self) {
        self.open = true;
    }

    fn enter(&mut self) -> Result<(), String> {
        self.count += 1;
        if self.open {
            Ok(())
        } else {
            Err(format!("Closed to number {}.", self.count))
        }
    }
}

impl View for Counter {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! { output id="count" { (self.count) } }
    }
}

fn add() -> Action {
    Action::new("Counter::add")
}

async fn counter() -> Serving {
    Serving::start(via::App::new().page::<Counter>()).await
}

/// A counter with the count 1 on a store with faults, and a tab of its visitor.
async fn counter_on_a_faulty_store() -> (Serving, Faulty, Visitor, Tab) {
    let store = Faulty::default();
    let app = Serving::start(via::App::new().store(store.clone()).page::<Counter>()).await;
    let visitor = app.visit("/").await;
    let tab = visitor.attach("/").await;
    assert_applied(&tab.act(add()).await, 1);
    (app, store, visitor, tab)
}

async fn count(visitor: &Visitor) -> u64 {
    let page = visitor.get("/").await;
    page.assert_ok();
    page.shows("count").parse().unwrap()
}

#[track_caller]
fn assert_applied(answer: &Answer, number: u64) {
    assert!(answer.status.is_success(), "{answer:?}");
    assert_eq!(answer.ack(), Some(number), "{answer:?}");
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, code: &str, number: u64) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    assert_eq!(answer.code().as_deref(), Some(code));
    assert_eq!(answer.ack(), Some(number));
    // For all others it is unknown whether the action was done before.
    assert_eq!(answer.json()["definite"], code == "refused");
}

#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.code().as_deref(), Some("unavailable"));
    assert_eq!(answer.ack(), None, "it may be repeated");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(answer.json()["definite"], false);
}

/// The parts of an answer that must be the same in the answer to a repetition.
fn said(answer: &Answer) -> (StatusCode, Option<u64>, Option<u64>, String) {
    (
        answer.status,
        answer.ack(),
        answer.revision(),
        answer.text(),
    )
}

#[via::page("/")]
struct Tally {
    #[state]
    total: u64,
    #[state]
    by_tab: BTreeMap<u64, u64>,
}

#[via::actions]
impl Tally {
    fn add(&mut self, tab: u64) {
        self.total += 1;
        *self.by_tab.entry(tab).or_default() += 1;
    }
}

impl View for Tally {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {
            output id="total" { (self.total) }
            @for (tab, count) in &self.by_tab {
                output id={ "tab-" (tab) } { (count) }
            }
        }
    }
}

const TABS: u64 = 64;
const EACH: u64 = 200;

async fn count_with_many_tabs(store: impl Store) {
    let app = Serving::start(via::App::new().store(store).page::<Tally>()).await;
    let visitor = app.visit("/").await;
    let mut clients = JoinSet::new();
    for place in 0..TABS {
        let visitor = visitor.clone();
        clients.spawn(async move {
            let tab = visitor.attach("/").await;
            let mut line = visitor.connect().await;
            let mut revisions = Vec::new();
            for number in 1..=EACH {
                let action = Action::new("Tally::add").arg(place);
                let answer = tab.act_over(&mut line, action).await;
                assert_applied(&answer, number);
                revisions.extend(answer.revision());
            }
            revisions
        });
    }
    let revisions: BTreeSet<u64> = clients.join_all().await.into_iter().flatten().collect();
    assert!(
        revisions.into_iter().eq(1..=TABS * EACH),
        "each action has a revision of its own"
    );
    let page = visitor.get("/").await;
    assert_eq!(page.shows("total"), "12800");
    for place in 0..TABS {
        assert_eq!(page.shows(&format!("tab-{place}")), "200");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_that_count_at_once_lose_nothing_in_memory() {
    count_with_many_tabs(MemoryStore::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_that_count_at_once_lose_nothing_in_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("via.db")).unwrap();
    count_with_many_tabs(store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_sent_twice_counts_once_and_is_answered_alike() {
    let app = counter().await;
    let visitor = app.visit("/").await;
    let tab = visitor.attach("/").await;
    for number in (1..=40).step_by(2) {
        let action = Action::new("Counter::add_and_tell").number(number);
        let (first, second) = tokio::join!(tab.act(action.clone()), tab.act(action));
        assert_applied(&first, number);
        assert_eq!(said(&first), said(&second));

        let action = Action::new("Counter::add_and_tell").number(number + 1);
        let (first, second) = (tab.act(action.clone()).await, tab.act(action).await);
        assert_applied(&first, number + 1);
        assert_eq!(first.revision(), Some(number + 1));
        let toast = json!({ "do": "toast", "text": format!("now {}", number + 1) });
        assert_eq!(first.json(), json!({ "commands": [toast] }));
        assert_eq!(said(&first), said(&second));
    }
    assert_eq!(count(&visitor).await, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_is_answered_as_the_first_time_after_other_tabs_acted() {
    let app = counter().await;
    let visitor = app.visit("/").await;
    let (tab, other) = (visitor.attach("/").await, visitor.attach("/").await);
    let first = tab.act(add().number(1)).await;
    assert_applied(&other.act(add()).await, 1);
    assert_eq!(said(&tab.act(add().number(1)).await), said(&first));
    assert_eq!(count(&visitor).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_after_the_commit_is_asked_for_again_and_counts_once() {
    let app = counter().await;
    let proxy = Proxy::start(app.address());
    let visitor = Visitor::new(proxy.address());
    visitor.get("/").await.assert_ok();
    let tab = visitor.attach("/").await;
    proxy.rule(|request| match request.nth % 4 {
        _ if !request.is("action") => Fate::Pass,
        0 => Fate::Pass,
        2 => Fate::Twice,
        _ => Fate::DropAnswer,
    });
    for number in 1..=20 {
        assert_applied(&tab.act_until_acknowledged(add()).await, number);
    }
    assert!(proxy.count(|request| request.fate == Fate::DropAnswer) >= 10);
    assert!(proxy.count(|request| request.fate == Fate::Twice) >= 5);
    assert_eq!(count(&visitor).await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_stands_for_one_action_and_an_older_one_is_superseded() {
    let app = counter().await;
    let visitor = app.visit("/").await;
    let tab = visitor.attach("/").await;
    let many = |many: u64| Action::new("Counter::add_many").arg(many);
    assert_applied(&tab.act(many(1).number(4)).await, 4);

    let answer = tab.act(many(10).number(4)).await;
    assert_refused(&answer, 409, "number_reused", 4);
    let answer = tab.act(many(10).number(3)).await;
    assert_refused(&answer, 409, "superseded", 3);

    let reloaded = visitor.reload(&tab).await;
    assert_eq!(reloaded.id(), tab.id());
    assert_applied(&reloaded.act(many(1)).await, 1);
    for number in [4, 5] {
        let answer = tab.act(many(10).number(number)).await;
        assert_refused(&answer, 409, "superseded", number);
    }
    assert_eq!(count(&visitor).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_documents_with_the_same_place_in_a_tab_do_not_act_for_each_other() {
    let app = counter().await;
    let visitor = app.visit("/").await;
    let tab = visitor.attach("/").await;
    let (one, two) = (visitor.reload(&tab).await, visitor.reload(&tab).await);
    assert_applied(&one.act(add()).await, 1);
    for number in [1, 2] {
        let answer = two.act(add().number(number)).await;
        assert_refused(&answer, 409, "number_reused", number);
    }
    assert_eq!(count(&visitor).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_stays_one_when_it_is_repeated_in_a_state_that_would_allow_it() {
    let app = counter().await;
    let visitor = app.visit("/").await;
    let (tab, other) = (visitor.attach("/").await, visitor.attach("/").await);
    let enter = |number| Action::new("Counter::enter").number(number);

    let refused = tab.act(enter(1)).await;
    assert_refused(&refused, 422, "refused", 1);
    assert_eq!(refused.message().as_deref(), Some("Closed to number 1."));
    assert_eq!(count(&visitor).await, 0);

    assert_applied(&other.act(Action::new("Counter::open")).await, 1);
    assert_eq!(said(&tab.act(enter(1)).await), said(&refused));
    assert_eq!(count(&visitor).await, 0);

    assert_applied(&tab.act(enter(2)).await, 2);
    assert_eq!(count(&visitor).await, 1);
}

static RUNS: AtomicUsize = AtomicUsize::new(0);
static SPAWNED: AtomicUsize = AtomicUsize::new(0);

#[via::page("/")]
struct Contested {
    #[state]
    count: u64,
}

#[via::actions]
impl Contested {
    fn begin(&mut self) {
        self.count = 1;
    }

    fn add(&mut self, fx: &mut Effects) {
        RUNS.fetch_add(1, Ordering::SeqCst);
        self.count += 1;
        fx.toast("added");
        fx.spawn(async {
            SPAWNED.fetch_add(1, Ordering::SeqCst);
        });
    }
}

impl View for Contested {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! { output id="count" { (self.count) } }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_others_overtake_runs_again_and_its_effects_happen_once() {
    let store = Faulty::default();
    let app = Serving::start(via::App::new().store(store.clone()).page::<Contested>()).await;
    let visitor = app.visit("/").await;
    let tab = visitor.attach("/").await;
    assert_applied(&tab.act(Action::new("Contested::begin")).await, 1);

    store.next(Fault::Rival, 3);
    let add = Action::new("Contested::add").number(2);
    let answer = tab.act(add.clone()).await;
    assert_applied(&answer, 2);
    assert_eq!(answer.revision(), Some(1 + 3 + 1));
    let toast = json!({ "do": "toast", "text": "added" });
    assert_eq!(answer.json(), json!({ "commands": [toast] }));
    assert_eq!(said(&tab.act(add).await), said(&answer));

    assert_eq!(count(&visitor).await, 2);
    assert_eq!(store.document().await["fields"]["Rival.commits"], 3);
    assert_eq!(RUNS.load(Ordering::SeqCst), 4);
    // The app waits for effects before it stops, so the test would see one too many.
    app.stop().await;
    assert_eq!(SPAWNED.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_is_overtaken_too_often_can_be_repeated_and_then_counts_once() {
    let (_app, store, visitor, tab) = counter_on_a_faulty_store().await;
    store.next(Fault::Rival, 16);
    assert_unavailable(&tab.act(add().number(2)).await);
    assert_eq!(store.left(), 0);
    assert_eq!(count(&visitor).await, 1);
    for _ in 0..2 {
        assert_applied(&tab.act(add().number(2)).await, 2);
    }
    assert_eq!(count(&visitor).await, 2);
    assert_eq!(store.document().await["fields"]["Rival.commits"], 16);
}

static UNCERTAIN_SPAWNED: AtomicUsize = AtomicUsize::new(0);
static UNCERTAIN_STARTED: AtomicUsize = AtomicUsize::new(0);

#[via::page("/")]
struct Uncertain {
    #[state]
    count: u64,
}

#[via::actions]
impl Uncertain {
    fn add(&mut self, fx: &mut Effects) {
        self.count += 1;
        fx.toast("added");
        fx.spawn(async {
            UNCERTAIN_SPAWNED.fetch_add(1, Ordering::SeqCst);
        });
    }

    #[expect(clippy::unused_async, reason = "a task is an `async fn`")]
    async fn start(task: Task<Self>) {
        UNCERTAIN_STARTED.fetch_add(1, Ordering::SeqCst);
        task.toast("started");
    }
}

impl View for Uncertain {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! { output id="count" { (self.count) } }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_and_its_effects_happen_once_where_the_store_cannot_say_whether_it_committed() {
    let store = Faulty::default();
    let app = Serving::start(via::App::new().store(store.clone()).page::<Uncertain>()).await;
    let visitor = app.visit("/").await;
    let tab = visitor.attach("/").await;
    let script = [
        // The same if the commit creates the document.
        [Fault::DoneAndUnknown].as_slice(),
        &[Fault::LostAndUnknown],
        &[
            Fault::LostAndUnknown,
            Fault::Rival,
            Fault::LostAndUnknown,
            Fault::DoneAndUnknown,
        ],
    ];
    let mut number = 0;
    for faults in script {
        for action in ["Uncertain::add", "Uncertain::start"] {
            number += 1;
            for fault in faults {
                store.next(*fault, 1);
            }
            let first = tab.act(Action::new(action).number(number)).await;
            assert_applied(&first, number);
            assert_eq!(store.left(), 0);
            let second = tab.act(Action::new(action).number(number)).await;
            assert_eq!(said(&first), said(&second));
        }
    }
    assert_eq!(count(&visitor).await, 3);
    app.stop().await;
    assert_eq!(UNCERTAIN_SPAWNED.load(Ordering::SeqCst), 3);
    assert_eq!(UNCERTAIN_STARTED.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_while_the_store_is_away() {
    let (_app, store, visitor, tab) = counter_on_a_faulty_store().await;
    let stream = visitor.stream(&[&tab]).await;
    store.set_away(true);
    for _ in 0..2 {
        assert_unavailable(&tab.act(add().number(2)).await);
    }
    let page = visitor.get("/").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.header("retry-after").is_some());
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    let text = "<p>The server cannot reach its data right now. Please try again in a moment.</p>";
    assert!(page.text().contains(text), "{}", page.text());
    assert!(page.header("set-cookie").is_none(), "the session is kept");
    assert_unavailable(&visitor.try_attach("/").await);

    store.set_away(false);
    assert_eq!(count(&visitor).await, 1);
    assert_applied(&tab.act(add().number(2)).await, 2);
    assert_applied(&tab.act(add().number(3)).await, 3);
    assert_eq!(count(&visitor).await, 3);
    let mut stream = stream;
    stream
        .until("that shows 3", |event| event.data.contains(">3<"))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tab_that_the_session_forgot_cannot_repeat_itself_and_works_again_after_a_reload() {
    let clock = via::Clock::manual(Timestamp::from_millis(1_000_000));
    let app = Serving::start(via::App::new().clock(clock.clone()).page::<Counter>()).await;
    let visitor = app.visit("/").await;
    let mut tabs = Vec::new();
    for _ in 0..70 {
        clock.advance(Duration::from_millis(1));
        let tab = visitor.attach("/").await;
        assert_applied(&tab.act(add().number(1)).await, 1);
        tabs.push(tab);
    }
    for (place, tab) in tabs.iter().enumerate() {
        let answer = tab.act(add().number(1)).await;
        if place < 6 {
            assert_refused(&answer, 409, "forgotten", 1);
        } else {
            assert_applied(&answer, 1);
        }
    }
    assert_eq!(count(&visitor).await, 70);

    clock.advance(Duration::from_millis(1));
    let fresh = visitor.attach("/").await;
    assert_applied(&fresh.act(add()).await, 1);
    let reloaded = visitor.reload(&tabs[0]).await;
    assert_applied(&reloaded.act(add()).await, 1);
    assert_eq!(count(&visitor).await, 72);
    // Not even when its tab has a record again, nor after that record is forgotten.
    let answer = tabs[0].act(add().number(1)).await;
    assert_refused(&answer, 409, "superseded", 1);
    for _ in 0..64 {
        clock.advance(Duration::from_millis(1));
        assert_applied(&visitor.attach("/").await.act(add()).await, 1);
    }
    for old in [&tabs[0], &reloaded] {
        let answer = old.act(add().number(1)).await;
        assert_refused(&answer, 409, "forgotten", 1);
    }
    assert_eq!(count(&visitor).await, 72 + 64);
}

/// The bytes of a request, for a client that does not wait for the answer.
fn bytes(request: &http::Request<bytes::Bytes>) -> Vec<u8> {
    let body = request.body();
    let mut bytes = format!("POST {} HTTP/1.1\r\n", request.uri()).into_bytes();
    for (name, value) in request.headers() {
        bytes.extend_from_slice(format!("{name}: {}\r\n", value.to_str().unwrap()).as_bytes());
    }
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_goes_on_when_its_client_goes_away() {
    let (_app, store, visitor, tab) = counter_on_a_faulty_store().await;
    let before = store.writes();
    let held = store.hold().await;
    let mut connection = TcpStream::connect(visitor.server()).await.unwrap();
    let request = bytes(&tab.request(&add()));
    connection.write_all(&request).await.unwrap();
    eventually("the action is being committed", async || {
        (store.writes() > before).then_some(())
    })
    .await;
    drop(connection);
    // The server handles this connection only after it has seen the end of the other one.
    visitor.get("/_via/nothing").await;
    drop(held);
    eventually("the action has counted", async || {
        (count(&visitor).await == 2).then_some(())
    })
    .await;
}
