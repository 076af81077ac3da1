//! The live stream: what the server sends to a tab, and what it does not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;
use via::action::TaskError;
use via::prelude::*;
use via::store::Timestamp;
use via::{App, Clock};
use via_tests::alone::alone;
use via_tests::client::{Action, Stream, Tab, Visitor};
use via_tests::patience::{PATIENCE, eventually};
use via_tests::serving::Serving;
use via_tests::sse::Event;
use via_tests::stores::Faulty;
use via_tests::weight::resident;

const ELEMENTS: &str = "datastar-patch-elements";
const SIGNALS: &str = "datastar-patch-signals";

#[via::page("/")]
struct Counter {
    #[state]
    count: i64,
    /// No view shows this.
    #[state]
    looks: u64,
    #[signal(default = 1)]
    step: i64,
}

#[via::actions]
impl Counter {
    fn increment(&mut self) {
        self.count += self.step;
    }

    fn look(&mut self) {
        self.looks += 1;
    }

    fn increment_and_tell(&mut self, fx: &mut Effects) {
        self.count += 1;
        fx.spawn(async {
            TOLD.fetch_add(1, Ordering::SeqCst);
        });
    }
}

/// How many effects ran after the commit of an action.
static TOLD: AtomicUsize = AtomicUsize::new(0);

impl View for Counter {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            h1 { "Counter" }
            p { "Count: " output { (self.count) } }
            label { "Step " input type="number" data-bind=(cx.step()); }
            button data-on:click=(cx.increment()) { "Increment" }
        }
    }
}

async fn counter() -> (Serving, Visitor) {
    visited(App::new().page::<Counter>()).await
}

/// A served app, and a visitor who has loaded its first page.
async fn visited(app: App) -> (Serving, Visitor) {
    let server = Serving::start(app).await;
    let visitor = server.visit("/").await;
    (server, visitor)
}

async fn increment(tab: &Tab) {
    act(tab, Action::new("Counter::increment")).await;
}

async fn act(tab: &Tab, action: Action) {
    let answer = tab.act(action).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
}

/// The hash of a page's content, from its document.
async fn shown(visitor: &Visitor, path: &str) -> String {
    let text = visitor.get(path).await.text();
    let from = text.find("data-via-frame=\"").unwrap() + "data-via-frame=\"".len();
    text[from..].split('"').next().unwrap().to_owned()
}

/// The next event, which must be of this name.
async fn next(stream: &mut Stream, name: &str) -> Event {
    let event = stream.next().await.expect("the stream goes on");
    assert_eq!(event.name, name, "{event}");
    event
}

/// Tab and number of the frame that an event belongs to.
fn frame(event: &Event) -> (String, u64) {
    let frame = event
        .frame()
        .unwrap_or_else(|| panic!("an event of a frame: {event}"));
    (frame.tab, frame.number)
}

fn elements(event: &Event) -> String {
    event.field("elements").unwrap_or_default()
}

fn signals(event: &Event) -> Value {
    serde_json::from_str(&event.field("signals").unwrap()).unwrap()
}

#[tokio::test]
async fn a_commit_between_the_page_and_its_stream_is_the_first_frame() {
    let (_server, visitor) = counter().await;
    let other = visitor.attach("/").await;
    let before = shown(&visitor, "/").await;
    increment(&other).await;
    let tab = visitor.attach("/").await;
    increment(&other).await;
    let mut stream = visitor.resume(&[(&tab, Some(&before))]).await;
    next(&mut stream, "via-hello").await;
    let mut first = next(&mut stream, SIGNALS).await;
    assert_eq!(signals(&first), json!({ "step": 1 }));
    assert_eq!(frame(&first), ("0".to_owned(), 1));
    first = next(&mut stream, ELEMENTS).await;
    assert_eq!(frame(&first), ("0".to_owned(), 1));
    assert_eq!(first.field("mode").as_deref(), Some("inner"));
    assert_eq!(first.field("selector").as_deref(), Some("#via"));
    assert!(elements(&first).contains("<output>2</output>"), "{first}");
    // From then on, only the difference.
    increment(&other).await;
    let second = next(&mut stream, ELEMENTS).await;
    assert_eq!(frame(&second), ("0".to_owned(), 2));
    assert_eq!(elements(&second), "<output>3</output>");
}

#[tokio::test]
async fn a_tab_that_shows_the_latest_state_is_sent_nothing() {
    let (_server, visitor) = counter().await;
    let tab = visitor.attach("/").await;
    let other = visitor.attach("/").await;
    for count in 1..=3 {
        let hash = shown(&visitor, "/").await;
        let mut stream = visitor.resume(&[(&tab, Some(&hash))]).await;
        let hello = next(&mut stream, "via-hello").await;
        assert_eq!(hello.json()["heartbeat_ms"], 20_000);
        // A commit that does not change what the page shows.
        act(&other, Action::new("Counter::look")).await;
        increment(&other).await;
        let patch = next(&mut stream, ELEMENTS).await;
        assert_eq!(frame(&patch), ("0".to_owned(), 1));
        assert_eq!(elements(&patch), format!("<output>{count}</output>"));
        // The hash of a frame equals that of the page with the same content.
        let hash = patch.frame().unwrap().hash;
        assert_eq!(hash, Some(shown(&visitor, "/").await));
    }
}

#[tokio::test]
async fn a_commit_in_another_tab_is_one_small_patch() {
    let (_server, visitor) = counter().await;
    let tab = visitor.attach("/").await;
    let other = visitor.attach("/").await;
    let hash = shown(&visitor, "/").await;
    let mut stream = visitor.resume(&[(&tab, Some(&hash))]).await;
    next(&mut stream, "via-hello").await;
    for count in 1..=3_u64 {
        let before = stream.received();
        increment(&other).await;
        let patch = next(&mut stream, ELEMENTS).await;
        let hash = shown(&visitor, "/").await;
        let sent = format!(
            "event: datastar-patch-elements\n\
             id: 0/{count}/{hash}\n\
             data: selector #via>:nth-child(2)>:nth-child(1)\n\
             data: elements <output>{count}</output>\n\n"
        );
        let expected = via_tests::sse::Parser::default().push(sent.as_bytes());
        assert_eq!([patch], *expected);
        // The content and the length are equal, so the bytes are too.
        assert_eq!(stream.received() - before, sent.len() as u64);
        assert!(sent.len() <= 160, "{} bytes", sent.len());
    }
}

#[tokio::test]
async fn a_signal_is_sent_to_the_other_tabs_and_not_back() {
    let (_server, visitor) = counter().await;
    let (sender, other) = (visitor.attach("/").await, visitor.attach("/").await);
    let hash = shown(&visitor, "/").await;
    let mut of_sender = visitor.resume(&[(&sender, Some(&hash))]).await;
    let mut of_other = visitor.resume(&[(&other, Some(&hash))]).await;
    for stream in [&mut of_sender, &mut of_other] {
        next(stream, "via-hello").await;
    }
    act(&sender, Action::new("Counter::look").edited("step", 5)).await;
    let event = next(&mut of_other, SIGNALS).await;
    assert_eq!(signals(&event), json!({ "step": 5 }));
    assert_eq!(frame(&event), ("0".to_owned(), 1));

    // The action sees the signal that the tab sent without an edit; the server does not keep it.
    act(&sender, Action::new("Counter::increment").signal("step", 7)).await;
    let event = next(&mut of_other, ELEMENTS).await;
    assert_eq!(elements(&event), "<output>7</output>");
    assert_eq!(frame(&event), ("0".to_owned(), 2));

    // The first event gives the sender only the name of its frame. The second one has a value, because
    // the tab shows 7 while the server keeps 5.
    let event = next(&mut of_sender, SIGNALS).await;
    assert_eq!(signals(&event), json!({}));
    assert_eq!(frame(&event), ("0".to_owned(), 1));
    let event = next(&mut of_sender, SIGNALS).await;
    assert_eq!(signals(&event), json!({ "step": 5 }));
    assert_eq!(frame(&event), ("0".to_owned(), 2));
    let event = next(&mut of_sender, ELEMENTS).await;
    assert_eq!(elements(&event), "<output>7</output>");
    assert_eq!(frame(&event), ("0".to_owned(), 2));
}

#[via::page("/list")]
struct List {
    #[state]
    items: Vec<String>,
    #[signal]
    draft: String,
}

#[via::actions]
impl List {
    fn add(&mut self) {
        self.items.push(std::mem::take(&mut self.draft));
    }
}

impl View for List {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            p { (self.items.len()) }
            input data-bind=(cx.draft());
            button data-on:click=(cx.add()) { "Add" }
        }
    }
}

/// The notice of a durable store may come before the store's answer and wake the stream too early.
#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_an_action_clears_is_cleared_every_time() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("list.db")).unwrap();
    let server = Serving::start(App::new().store(store).page::<List>()).await;
    let visitor = server.visit("/list").await;
    let tab = visitor.attach("/list").await;
    let hash = shown(&visitor, "/list").await;
    let mut stream = visitor.resume(&[(&tab, Some(&hash))]).await;
    next(&mut stream, "via-hello").await;
    for _ in 0..50 {
        act(&tab, Action::new("List::add").edited("draft", "milk")).await;
        while signals(&stream.named(SIGNALS).await) != json!({ "draft": "" }) {}
    }
}

#[tokio::test]
async fn an_edited_signal_comes_back_to_its_sender_as_nothing_but_the_name_of_its_frame() {
    let (_server, visitor) = counter().await;
    let (sender, other) = (visitor.attach("/").await, visitor.attach("/").await);
    let hash = shown(&visitor, "/").await;
    let mut stream = visitor
        .resume(&[(&sender, Some(&hash)), (&other, Some(&hash))])
        .await;
    next(&mut stream, "via-hello").await;
    for step in 2..10 {
        act(&sender, Action::new("Counter::look").edited("step", step)).await;
        let event = next(&mut stream, SIGNALS).await;
        assert_eq!(signals(&event), json!({}));
        assert_eq!(frame(&event).0, "0");
        let of_sender = event.frame().unwrap().hash;
        assert!(of_sender.is_some());
        let event = next(&mut stream, SIGNALS).await;
        assert_eq!(signals(&event), json!({ "step": step }));
        assert_eq!(frame(&event).0, "1");
        assert_eq!(event.frame().unwrap().hash, of_sender);
    }
}

#[tokio::test]
async fn both_tabs_of_a_stream_are_sent_frames_with_dense_numbers_of_their_own() {
    let (_server, visitor) = counter().await;
    let (one, two) = (visitor.attach("/").await, visitor.attach("/").await);
    let third = visitor.attach("/").await;
    let hash = shown(&visitor, "/").await;
    // One of them already shows the latest state, so their numbers differ.
    let mut stream = visitor.resume(&[(&one, Some(&hash)), (&two, None)]).await;
    next(&mut stream, "via-hello").await;
    let mut numbers = [0, 0];
    let mut counts = [0, -1];
    for count in 1..=20 {
        for tab in [&one, &two, &third] {
            act(tab, Action::new("Counter::increment")).await;
        }
        while counts != [count * 3; 2] {
            let event = stream.next().await.unwrap();
            let (tab, number) = frame(&event);
            let tab: usize = tab.parse().unwrap();
            let new_frame = number == numbers[tab] + 1;
            assert!(new_frame || number == numbers[tab], "{event}");
            numbers[tab] = number;
            if let Some((_, html)) = elements(&event).split_once("<output>") {
                let shown: i64 = html.split('<').next().unwrap().parse().unwrap();
                assert!(shown > counts[tab], "no tab goes backwards: {event}");
                counts[tab] = shown;
            }
        }
    }
    assert_eq!(numbers[1], numbers[0] + 1);
}

#[tokio::test]
async fn a_tab_with_an_expired_token_is_told_and_the_others_go_on() {
    let clock = Clock::manual(Timestamp::from_millis(1_000_000_000_000));
    let app = App::new().clock(clock.clone()).page::<Counter>();
    let (server, visitor) = visited(app).await;
    let expired = visitor.attach("/").await;
    clock.advance(Duration::from_hours(1));
    let fresh = visitor.attach("/").await;
    let somebody = server.visit("/").await;
    let theirs = somebody.attach("/").await;

    let mut stream = visitor.stream(&[&expired, &fresh, &theirs]).await;
    assert_eq!(stream.status(), StatusCode::OK);
    next(&mut stream, "via-hello").await;
    for (tab, code) in [("0", "expired"), ("2", "session_gone")] {
        let event = next(&mut stream, "via-tab").await;
        assert_eq!(event.json()["code"], code);
        assert_eq!(frame(&event), (tab.to_owned(), 0));
    }
    for name in [SIGNALS, ELEMENTS] {
        assert_eq!(frame(&next(&mut stream, name).await), ("1".to_owned(), 1));
    }
    increment(&fresh).await;
    let event = next(&mut stream, ELEMENTS).await;
    assert_eq!(frame(&event), ("1".to_owned(), 2));

    // Its holder gets a new token for the same tab.
    let renewal = json!({ "token": expired.token() }).to_string();
    let renewed = visitor.send(visitor.post("/", "attach", renewal)).await;
    assert_eq!(renewed.unwrap().json()["tab"], expired.id());
}

#[via::page("/")]
struct Note {
    #[state]
    text: String,
    #[signal]
    draft: String,
}

#[via::actions]
impl Note {
    fn write(&mut self, text: String) {
        self.draft.clone_from(&text);
        self.text = text;
    }
}

impl View for Note {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! { p { (self.text) } }
    }
}

#[tokio::test]
async fn text_of_users_ends_no_field_no_event_and_no_element() {
    let (_server, visitor) = visited(App::new().page::<Note>()).await;
    let tab = visitor.attach("/").await;
    let hash = shown(&visitor, "/").await;
    let mut stream = visitor.resume(&[(&tab, Some(&hash))]).await;
    next(&mut stream, "via-hello").await;
    let hostile = [
        "a\r\n\r\nevent: via-bye\r\ndata: {}\r\n\r\n",
        "a\n\ndata: x\n\nid: 9/9\nretry: 0\n\n",
        "a\r\revent: via-tab\r\r",
        "data: elements <p>x</p>",
        "</p></div></body></script><script>alert(1)</script><!--",
        "'\"><img src=x onerror=alert(1)>&amp;",
        "\u{feff}\u{2028}\u{2029}\u{85}\0 \t",
        "",
    ];
    for (text, number) in hostile.into_iter().zip(1..) {
        act(&tab, Action::new("Note::write").arg(text)).await;
        let event = next(&mut stream, SIGNALS).await;
        assert_eq!(frame(&event), ("0".to_owned(), number));
        assert_eq!(signals(&event), json!({ "draft": text }));
        let event = next(&mut stream, ELEMENTS).await;
        assert_eq!(frame(&event), ("0".to_owned(), number));
        assert_eq!(event.retry, None);
        let escaped = html! { p { (text) } }.into_string();
        let line_feeds = escaped.replace("\r\n", "\n").replace('\r', "\n");
        assert_eq!(elements(&event), line_feeds);

        let page = visitor.get("/").await.text();
        let content = page.split_once("data-via-frame").unwrap().1;
        assert!(content.contains(&escaped), "{page}");
        assert!(
            !content.contains("<script") && !content.contains("<img"),
            "{page}"
        );
        // And the tab shows the same as the page.
        let hash = event.frame().unwrap().hash.unwrap();
        assert_eq!(hash, shown(&visitor, "/").await);
    }
}

/// A large page that counts how often it was rendered.
#[via::page("/")]
struct Wide {
    #[state]
    count: usize,
}

static RENDERS: AtomicUsize = AtomicUsize::new(0);
static BATCHES: AtomicUsize = AtomicUsize::new(0);

#[via::actions]
impl Wide {
    async fn count_on(task: Task<Self>, times: usize) -> Result<(), TaskError> {
        for _ in 0..times {
            task.update(|page| page.count += 1).await?;
        }
        BATCHES.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl View for Wide {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        RENDERS.fetch_add(1, Ordering::SeqCst);
        html! { pre { (format!("{:>16}", self.count).repeat(4 * 1024)) } }
    }
}

/// In its own process, because it measures the memory of the whole process.
#[test]
fn a_stalled_reader_costs_nothing_and_then_gets_the_last_state_in_one_frame() {
    alone(
        "live::a_stalled_reader_costs_nothing_and_then_gets_the_last_state_in_one_frame",
        stall,
    );
}

#[tokio::main(worker_threads = 2)]
async fn stall() {
    // So few that it is read again before the server would cut it as a stalled reader.
    const BATCH: usize = 100;
    // Without a reader, the system acknowledges late what it takes, and has room for more then.
    const STALLED: Duration = Duration::from_secs(2);
    let (_server, visitor) = visited(App::new().page::<Wide>()).await;
    let tab = visitor.attach("/").await;
    let mut stream = visitor.stream(&[&tab]).await;
    let mut total = 0;
    let mut count_on = async |times: usize| {
        total += times;
        let batches = BATCHES.load(Ordering::SeqCst);
        act(&tab, Action::new("Wide::count_on").arg(times)).await;
        eventually("all is counted", async || {
            (BATCHES.load(Ordering::SeqCst) > batches).then_some(())
        })
        .await;
        total
    };
    // The client does not read, so at some time all buffers on the way are full.
    let deadline = Instant::now() + PATIENCE;
    let mut rendered = Instant::now();
    while rendered.elapsed() < STALLED {
        assert!(Instant::now() < deadline, "the stream never stalls");
        let renders = RENDERS.load(Ordering::SeqCst);
        count_on(BATCH).await;
        if RENDERS.load(Ordering::SeqCst) != renders {
            rendered = Instant::now();
        }
    }
    let at_stall = RENDERS.load(Ordering::SeqCst);

    let before = resident();
    let total = count_on(500).await;
    assert_eq!(
        RENDERS.load(Ordering::SeqCst),
        at_stall,
        "nobody can see it"
    );
    let grown = resident().saturating_sub(before) / 1024;
    assert!(grown <= 16 * 1024, "memory grew by {grown} KiB");

    // The reader gets what was in flight, and then one frame.
    let last = format!("{total:>16}</pre>");
    let mut number = 0;
    loop {
        let event = stream.next().await.unwrap();
        if event.name == ELEMENTS {
            number += 1;
            assert_eq!(frame(&event), ("0".to_owned(), number));
            if elements(&event).ends_with(&last) {
                break;
            }
        }
    }
    assert_eq!(RENDERS.load(Ordering::SeqCst), at_stall + 1);
    let most = 24 * 1024 * 1024;
    assert!(stream.received() < most, "{} bytes", stream.received());
}

#[tokio::test]
async fn streams_are_told_of_a_shutdown_and_do_not_delay_it() {
    let (mut server, visitor) = counter().await;
    let tab = visitor.attach("/").await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut stream = visitor.stream(&[&tab]).await;
        stream.named(ELEMENTS).await;
        streams.push(stream);
    }
    let begun = Instant::now();
    server.begin_to_stop();
    for stream in &mut streams {
        let bye = next(stream, "via-bye").await;
        assert!(bye.json()["reconnect_ms"].as_u64().unwrap() < 1_500);
        assert_eq!(stream.next().await, None);
    }
    server.stop().await;
    // Half of the time for which a server waits for connections that do not end.
    assert!(begun.elapsed() < Duration::from_secs(5));
    let request = visitor.request(http::Method::GET, "/", "");
    let refused = visitor.send(request).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_running_action_finishes_during_a_shutdown() {
    let store = Faulty::default();
    let app = App::new().store(store.clone()).page::<Counter>();
    let (mut server, visitor) = visited(app).await;
    let waits = visitor.attach("/").await;
    let mut stream = visitor.stream(&[&waits]).await;
    next(&mut stream, "via-hello").await;

    // One client waits for its answer, the other one disconnects.
    let held = store.hold().await;
    let written = store.written().len();
    let waiting =
        tokio::spawn(async move { waits.act(Action::new("Counter::increment_and_tell")).await });
    eventually("the action commits", async || {
        (store.written().len() > written).then_some(())
    })
    .await;
    let somebody = server.visit("/").await;
    let theirs = somebody.attach("/").await;
    let written = store.written().len();
    let leaving =
        tokio::spawn(async move { theirs.act(Action::new("Counter::increment_and_tell")).await });
    eventually("the action commits", async || {
        (store.written().len() > written).then_some(())
    })
    .await;
    leaving.abort();
    assert!(leaving.await.unwrap_err().is_cancelled());

    server.begin_to_stop();
    stream.named("via-bye").await;
    assert!(!waiting.is_finished());
    assert_eq!(TOLD.load(Ordering::SeqCst), 0);
    drop(held);
    let answer = waiting.await.unwrap();
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!((answer.ack(), answer.revision()), (Some(1), Some(1)));
    server.stop().await;
    assert_eq!(TOLD.load(Ordering::SeqCst), 2);
}
