//! What user code may do, and what happens if it goes wrong.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use via::action::TaskError;
use via::prelude::*;
use via_tests::alone::alone;
use via_tests::client::{Action, Answer, Stream, Tab, Visitor};
use via_tests::patience::eventually;
use via_tests::serving::Serving;
use via_tests::sse::Event;
use via_tests::stores::Faulty;

#[track_caller]
fn assert_applied(answer: &Answer, revision: u64) {
    assert!(answer.status.is_success(), "{answer:?}");
    assert_eq!(answer.revision(), Some(revision));
}

/// The id of the incident in a text.
#[track_caller]
fn incident(text: &str) -> &str {
    let id = text
        .split_once("report incident ")
        .and_then(|(_, rest)| rest.split_once('.'))
        .map(|(id, _)| id)
        .filter(|id| id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    id.unwrap_or_else(|| panic!("no incident is told of in {text:?}"))
}

#[track_caller]
fn assert_incident(answer: &Answer, number: u64) {
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.code().as_deref(), Some("incident"));
    assert_eq!(answer.ack(), Some(number));
    incident(&answer.message().unwrap());
}

/// The next frame that contains this text.
async fn frame(stream: &mut Stream, text: &str) -> Event {
    stream
        .until(&format!("with {text:?}"), |event| {
            event.name.starts_with("datastar-patch") && event.data.contains(text)
        })
        .await
}

/// The text of the next toast.
async fn toast(stream: &mut Stream) -> String {
    let command = stream.named("via-cmd").await.json();
    assert_eq!(command["do"], "toast");
    command["text"].as_str().unwrap().to_owned()
}

#[via::page("/")]
struct Fragile {
    #[state]
    count: u64,
    #[state]
    broken: bool,
}

#[via::actions]
impl Fragile {
    fn add(&mut self) {
        self.count += 1;
    }

    fn panic_before(&mut self) {
        assert!(self.count > 1_000, "before it wrote");
        self.count += 1;
    }

    fn panic_after(&mut self, fx: &mut Effects) {
        self.count += 1;
        fx.toast("never shown");
        fx.spawn(async { unreachable!("the action was not committed") });
        panic!("after it wrote");
    }

    fn set_broken(&mut self, broken: bool) {
        self.broken = broken;
    }

    async fn panic_in_a_task(task: Task<Self>) -> Result<(), TaskError> {
        task.update(|page| page.count += 1).await?;
        panic!("in a task");
    }

    async fn panic_in_an_update(task: Task<Self>) -> Result<(), TaskError> {
        task.update(|page| {
            page.count += 1;
            panic!("in an update");
        })
        .await
    }
}

impl View for Fragile {
    fn view(&self, _: &Cx<Self>) -> Markup {
        assert!(!self.broken, "a broken view");
        html! { output id="count" { (self.count) } }
    }
}

fn fragile(name: &str) -> Action {
    Action::new(&format!("Fragile::{name}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_an_action_commits_nothing_and_disturbs_nobody() {
    let app = Serving::start(via::App::new().page::<Fragile>()).await;
    let (ann, bob) = (app.visit("/").await, app.visit("/").await);
    let (tab, other) = (ann.attach("/").await, bob.attach("/").await);
    assert_applied(&tab.act(fragile("add")).await, 1);
    for (number, name) in [(2, "panic_before"), (3, "panic_after")] {
        assert_incident(&tab.act(fragile(name)).await, number);
        assert_eq!(ann.get("/").await.shows("count"), "1");
    }
    assert_applied(&tab.act(fragile("add")).await, 2);
    assert_applied(&other.act(fragile("add")).await, 1);
    assert_eq!(ann.get("/").await.shows("count"), "2");
    assert_eq!(bob.get("/").await.shows("count"), "1");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_view_is_an_incident_until_the_state_is_good_again() {
    let app = Serving::start(via::App::new().page::<Fragile>()).await;
    let (ann, bob) = (app.visit("/").await, app.visit("/").await);
    let tab = ann.attach("/").await;
    let mut stream = ann.stream(&[&tab]).await;
    frame(&mut stream, ">0<").await;
    let broken = |broken: bool| fragile("set_broken").arg(broken);

    assert_applied(&tab.act(broken(true)).await, 1);
    incident(&toast(&mut stream).await);
    let page = ann.get("/").await;
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    incident(&page.text());
    assert_eq!(bob.get("/").await.shows("count"), "0");
    let mut late = ann.stream(&[&tab]).await;
    incident(&toast(&mut late).await);

    assert_applied(&tab.act(fragile("add")).await, 2);
    assert_applied(&tab.act(broken(false)).await, 3);
    assert_eq!(frame(&mut stream, "1").await.frame().unwrap().number, 2);
    assert_eq!(frame(&mut late, ">1<").await.frame().unwrap().number, 1);
    assert_eq!(ann.get("/").await.shows("count"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_task_is_told_to_its_tab_and_undoes_nothing() {
    let app = Serving::start(via::App::new().page::<Fragile>()).await;
    let visitor = app.visit("/").await;
    let tab = visitor.attach("/").await;
    let mut stream = visitor.stream(&[&tab]).await;
    assert_applied(&tab.act(fragile("panic_in_a_task")).await, 1);
    incident(&toast(&mut stream).await);
    assert_applied(&tab.act(fragile("panic_in_an_update")).await, 3);
    incident(&toast(&mut stream).await);
    assert_applied(&tab.act(fragile("add")).await, 4);
    assert_eq!(visitor.get("/").await.shows("count"), "2");
    app.stop().await;
}

/// What tasks wait for. The test opens it.
fn gate(name: &str) -> Arc<Semaphore> {
    static GATES: LazyLock<Mutex<HashMap<String, Arc<Semaphore>>>> = LazyLock::new(Mutex::default);
    let mut gates = GATES.lock().unwrap();
    let gate = gates
        .entry(name.to_owned())
        .or_insert_with(|| Arc::new(Semaphore::new(0)));
    Arc::clone(gate)
}

async fn pass(name: &str) {
    gate(name).acquire().await.unwrap().forget();
}

#[via::page("/")]
struct Worker {
    #[state]
    steps: Vec<String>,
    #[state]
    notes: Vec<String>,
    #[signal]
    level: u64,
}

#[via::actions]
impl Worker {
    fn write(&mut self, note: String) {
        self.notes.push(note);
    }

    async fn work(task: Task<Self>, gate: String) -> Result<(), TaskError> {
        for step in ["one", "two", "three"] {
            pass(&gate).await;
            task.update(|page| page.steps.push(step.to_owned())).await?;
        }
        Ok(())
    }

    async fn climb(task: Task<Self>, gate: String) -> Result<(), TaskError> {
        for _ in 0..3 {
            pass(&gate).await;
            task.update(|page| page.level += 1).await?;
        }
        Ok(())
    }

    async fn fail(_task: Task<Self>, gate: String) -> Result<(), String> {
        pass(&gate).await;
        Err("The printer is out of paper.".to_owned())
    }

    #[expect(clippy::unused_async, reason = "a task is an `async fn`")]
    async fn open(_task: Task<Self>, name: String) {
        gate(&name).add_permits(1);
    }
}

impl View for Worker {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {
            p id="steps" { (self.steps.join(" ")) }
            p id="notes" { (self.notes.join(" ")) }
        }
    }
}

fn worker(name: &str, argument: &str) -> Action {
    Action::new(&format!("Worker::{name}")).arg(argument)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_shows_each_of_its_steps_and_keeps_nobody_waiting() {
    let app = Serving::start(via::App::new().page::<Worker>()).await;
    let visitor = app.visit("/").await;
    let (tab, other) = (visitor.attach("/").await, visitor.attach("/").await);
    let mut stream = visitor.stream(&[&tab]).await;
    let first = frame(&mut stream, "steps").await.frame().unwrap();
    let gate = gate("steps");

    assert_applied(&tab.act(worker("work", "steps")).await, 1);
    gate.add_permits(1);
    frame(&mut stream, "one").await;
    // The task waits for the gate now, and both tabs can act.
    assert_applied(&tab.act(worker("write", "mine")).await, 3);
    assert_applied(&other.act(worker("write", "yours")).await, 4);
    frame(&mut stream, "mine yours").await;
    gate.add_permits(1);
    frame(&mut stream, "one two").await;
    gate.add_permits(1);
    let last = frame(&mut stream, "one two three").await.frame().unwrap();
    assert!(last.number >= first.number + 4, "{first:?} to {last:?}");

    assert_applied(&tab.act(worker("write", "last")).await, 7);
    let page = visitor.get("/").await;
    assert_eq!(page.shows("steps"), "one two three");
    assert_eq!(page.shows("notes"), "mine yours last");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_sees_the_signals_as_they_are_and_not_as_they_were_when_it_began() {
    let app = Serving::start(via::App::new().page::<Worker>()).await;
    let visitor = app.visit("/").await;
    let (tab, other) = (visitor.attach("/").await, visitor.attach("/").await);
    let mut stream = visitor.stream(&[&tab]).await;
    let gate = gate("signals");
    assert_applied(
        &tab.act(worker("climb", "signals").edited("level", 1)).await,
        1,
    );
    for level in [2, 3] {
        gate.add_permits(1);
        frame(&mut stream, &format!("{{\"level\":{level}}}")).await;
    }
    assert_applied(
        &other.act(worker("write", "up").edited("level", 10)).await,
        4,
    );
    frame(&mut stream, "{\"level\":10}").await;
    gate.add_permits(1);
    frame(&mut stream, "{\"level\":11}").await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_a_task_is_shown_in_the_tab_that_started_it_alone() {
    let app = Serving::start(via::App::new().page::<Worker>()).await;
    let visitor = app.visit("/").await;
    let (tab, other) = (visitor.attach("/").await, visitor.attach("/").await);
    let mut stream = visitor.stream(&[&other, &tab]).await;
    assert_applied(&tab.act(worker("fail", "error")).await, 1);
    gate("error").add_permits(1);
    let command = stream.named("via-cmd").await;
    let text = "The printer is out of paper.";
    assert_eq!(command.json(), json!({ "do": "toast", "text": text }));
    assert_eq!(command.frame().unwrap().tab, "1");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_task_says_before_the_stream_of_its_tab_is_there_arrives_once() {
    let app = Serving::start(via::App::new().page::<Worker>()).await;
    let visitor = app.visit("/").await;
    let (tab, other) = (visitor.attach("/").await, visitor.attach("/").await);
    let gate = gate("at once");
    gate.add_permits(20);
    for number in 1..=20 {
        assert_applied(
            &tab.act(worker("fail", "at once").number(number)).await,
            number,
        );
    }
    eventually("all tasks have run", async || {
        (gate.available_permits() == 0).then_some(())
    })
    .await;
    let mut others = visitor.stream(&[&other]).await;
    frame(&mut others, "steps").await;
    let mut stream = visitor.stream(&[&tab, &other]).await;
    assert_eq!(toasts_before_the_first_frame(&mut stream).await, 16);
    let mut again = visitor.stream(&[&tab]).await;
    assert_eq!(toasts_before_the_first_frame(&mut again).await, 0);
    app.stop().await;
}

async fn toasts_before_the_first_frame(stream: &mut Stream) -> usize {
    let mut toasts = 0;
    loop {
        let event = stream.next().await.unwrap();
        if event.name.starts_with("datastar-patch") {
            return toasts;
        }
        toasts += usize::from(event.name == "via-cmd");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_started_once_however_often_its_action_is_sent() {
    let app = Serving::start(via::App::new().page::<Worker>()).await;
    let visitor = app.visit("/").await;
    let tab = visitor.attach("/").await;
    for number in 1..=10 {
        let open = worker("open", "once").number(number);
        let (first, second) = tokio::join!(tab.act(open.clone()), tab.act(open.clone()));
        for answer in [first, second, tab.act(open).await] {
            assert_applied(&answer, number);
        }
    }
    // The app waits for its tasks before it stops.
    app.stop().await;
    assert_eq!(gate("once").available_permits(), 10);
}

#[via::page("/")]
struct Leaving {
    #[state]
    count: u64,
    #[state]
    text: String,
}

#[via::actions]
impl Leaving {
    fn go(&mut self, to: String, fx: &mut Effects) -> Result<(), &'static str> {
        self.count += 1;
        fx.redirect(to)?;
        Ok(())
    }

    fn fill(&mut self, bytes: usize) {
        self.count += 1;
        self.text = "x".repeat(bytes);
    }
}

impl View for Leaving {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! { output id="count" { (self.count) } p id="bytes" { (self.text.len()) } }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_sends_its_tab_to_another_page_of_this_site_and_to_no_other_site() {
    let app = Serving::start(via::App::new().page::<Leaving>()).await;
    let visitor = app.visit("/").await;
    let tab = visitor.attach("/").await;
    let go = |to: &str| Action::new("Leaving::go").arg(to);
    let local = tab.act(go("/x")).await;
    assert_applied(&local, 1);
    let redirect = json!({ "do": "redirect", "to": "/x" });
    assert_eq!(local.json(), json!({ "commands": [redirect] }));
    let foreign = ["//evil", "/\\evil", "/\t/evil", "https://evil", "evil", ""];
    for (number, to) in (2..).zip(foreign) {
        let answer = tab.act(go(to)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{to:?}");
        assert_eq!(answer.ack(), Some(number));
        let message = answer.message().unwrap();
        assert_eq!(message, "That address is not a page of this site.");
    }
    assert_eq!(visitor.get("/").await.shows("count"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_too_large_is_not_committed() {
    let app = Serving::start(via::App::new().page::<Leaving>()).await;
    let visitor = app.visit("/").await;
    let tab = visitor.attach("/").await;
    let fill = |bytes: usize| Action::new("Leaving::fill").arg(bytes);
    assert_applied(&tab.act(fill(1_000_000)).await, 1);
    let answer = tab.act(fill(1024 * 1024)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.code().as_deref(), Some("too_large"));
    assert_eq!(answer.ack(), Some(2));
    let page = visitor.get("/").await;
    assert_eq!(page.shows("count"), "1");
    assert_eq!(page.shows("bytes"), "1000000");
    assert_applied(&tab.act(fill(0)).await, 2);
}

#[via::page("/")]
struct Desk {
    #[state(tab)]
    filter: String,
    #[signal(tab)]
    draft: String,
    #[signal]
    shared: String,
}

#[via::actions]
impl Desk {
    fn choose(&mut self, filter: String) {
        self.filter = filter;
    }
}

impl View for Desk {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! { p id="filter" { "filter: " (self.filter) "." } }
    }
}

/// What the stream sends first to a tab without a frame: its HTML and its signals.
async fn shown(visitor: &Visitor, tab: &Tab) -> (String, Value) {
    let mut stream = visitor.stream(&[tab]).await;
    let signals = stream.named("datastar-patch-signals").await;
    let elements = stream.named("datastar-patch-elements").await;
    let signals = signals.field("signals").unwrap();
    (
        elements.field("elements").unwrap(),
        serde_json::from_str(&signals).unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_a_tab_is_its_alone_and_survives_a_reload() {
    let app = Serving::start(via::App::new().page::<Desk>()).await;
    let (ann, bob) = (app.visit("/").await, app.visit("/").await);
    let (tab, second) = (ann.attach("/").await, ann.attach("/").await);
    let stranger = bob.attach("/").await;
    let mut stream = ann.stream(&[&second]).await;
    frame(&mut stream, "filter: .").await;

    let choose = Action::new("Desk::choose")
        .arg("open")
        .edited("draft", "Dear")
        .edited("shared", "ours");
    assert_applied(&tab.act(choose).await, 1);
    let event = stream.named("datastar-patch-signals").await;
    assert_eq!(
        event.field("signals").as_deref(),
        Some(r#"{"shared":"ours"}"#)
    );

    let mine = (
        r#"<p id="filter">filter: open.</p>"#.to_owned(),
        json!({ "draft": "Dear", "shared": "ours" }),
    );
    let plain = r#"<p id="filter">filter: .</p>"#.to_owned();
    assert_eq!(shown(&ann, &tab).await, mine);
    let theirs = (plain.clone(), json!({ "draft": "", "shared": "ours" }));
    assert_eq!(shown(&ann, &second).await, theirs);
    let nothing = (plain, json!({ "draft": "", "shared": "" }));
    assert_eq!(shown(&bob, &stranger).await, nothing);

    let reloaded = ann.reload(&tab).await;
    assert_eq!(shown(&ann, &reloaded).await, mine);
    // The first action of the next load does not lose it either.
    let other = Action::new("Desk::choose").arg("closed");
    assert_applied(&reloaded.act(other).await, 2);
    let (html, signals) = shown(&ann, &reloaded).await;
    assert_eq!(html, r#"<p id="filter">filter: closed.</p>"#);
    assert_eq!(signals, mine.1);
}

/// The first version of the page.
mod before {
    use via::prelude::*;

    #[via::page("/")]
    pub(crate) struct Settings {
        #[state]
        size: String,
        #[signal]
        zoom: String,
        #[state]
        visits: u64,
    }

    #[via::actions]
    impl Settings {
        fn resize(&mut self, size: String) {
            self.size = size;
        }
    }

    impl View for Settings {
        fn view(&self, _: &Cx<Self>) -> Markup {
            html! { p id="size" { (self.size) } p id="zoom" { (self.zoom) } (self.visits) }
        }
    }
}

/// The same page after two of its fields got other types.
mod after {
    use via::prelude::*;

    #[via::page("/")]
    pub(crate) struct Settings {
        #[state(default = 12)]
        size: u64,
        #[signal(default = 100)]
        zoom: u64,
        #[state]
        visits: u64,
    }

    #[via::actions]
    impl Settings {
        fn visit(&mut self) {
            self.visits += 1;
        }

        fn grow(&mut self) {
            self.size += 1;
        }
    }

    impl View for Settings {
        fn view(&self, _: &Cx<Self>) -> Markup {
            html! { p id="size" { (self.size) } p id="zoom" { (self.zoom) } (self.visits) }
        }
    }
}

/// In its own process, because the whole process has one counter of such values.
#[test]
fn a_value_that_cannot_be_decoded_is_kept_aside_when_its_field_is_written() {
    alone(
        "user_code::a_value_that_cannot_be_decoded_is_kept_aside_when_its_field_is_written",
        change_types,
    );
}

#[tokio::main]
async fn change_types() {
    let store = Faulty::default();
    let old = Serving::start(
        via::App::new()
            .store(store.clone())
            .page::<before::Settings>(),
    )
    .await;
    let visitor = old.visit("/").await;
    let tab = visitor.attach("/").await;
    let resize = Action::new("Settings::resize")
        .arg("large")
        .edited("zoom", "twice");
    assert_applied(&tab.act(resize).await, 1);

    let new = Serving::start(
        via::App::new()
            .store(store.clone())
            .page::<after::Settings>(),
    )
    .await;
    let at_new = visitor.at(new.address());
    assert_eq!(via::unreadable_values(), 0);
    let page = at_new.get("/").await;
    assert_eq!(
        (page.shows("size"), page.shows("zoom")),
        ("12".into(), "100".into())
    );
    assert!(via::unreadable_values() >= 2);
    let stale = tab.at(&at_new).act(Action::new("Settings::visit")).await;
    assert_eq!(stale.code().as_deref(), Some("stale_page"));
    // The refusal is the second commit.

    let next = at_new.attach("/").await;
    let zoomed = |name: &str| Action::new(name).signal("zoom", 100);
    assert_applied(&next.act(zoomed("Settings::visit")).await, 3);
    let document = store.document().await;
    assert_eq!(document["fields"]["Settings.size"], "large");
    assert_eq!(document["fields"]["Settings.zoom"], "twice");
    assert_eq!(document["aside"], Value::Null);

    assert_applied(&next.act(zoomed("Settings::grow")).await, 4);
    let document = store.document().await;
    assert_eq!(document["fields"]["Settings.size"], 13);
    assert_eq!(document["aside"], json!({ "Settings.size": ["large"] }));

    let edited = Action::new("Settings::visit").edited("zoom", 150);
    assert_applied(&next.act(edited).await, 5);
    let document = store.document().await;
    assert_eq!(document["fields"]["Settings.zoom"], 150);
    assert_eq!(
        document["aside"],
        json!({ "Settings.size": ["large"], "Settings.zoom": ["twice"] })
    );
    let page = at_new.get("/").await;
    assert_eq!(
        (page.shows("size"), page.shows("zoom")),
        ("13".into(), "150".into())
    );
}
