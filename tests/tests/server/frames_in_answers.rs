//! Frames in answers to actions and frames on the stream form one sequence.

use http::{HeaderValue, StatusCode};
use via::App;
use via::prelude::*;
use via_tests::client::{Action, Answer, Stream, Tab, Visitor};
use via_tests::patience::eventually;
use via_tests::serving::Serving;
use via_tests::sse::{Event, Parser};
use via_tests::wall::wall;

const ELEMENTS: &str = "datastar-patch-elements";

#[via::page("/")]
struct Counter {
    #[state]
    count: i64,
    /// No view shows this.
    #[state]
    looks: u64,
}

#[via::actions]
impl Counter {
    fn increment(&mut self) {
        self.count += 1;
    }

    fn look(&mut self) {
        self.looks += 1;
    }

    fn increment_and_say(&mut self, fx: &mut Effects) {
        self.count += 1;
        fx.toast("more");
    }

    fn enter(&mut self, fx: &mut Effects) -> Result<(), via::EffectError> {
        self.count += 1;
        fx.session().login("ada")
    }
}

impl View for Counter {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! { output { (self.count) } }
    }
}

/// A server, a visitor who has acted once, and its tab with a stream that has shown the action.
async fn live() -> (Serving, Visitor, Tab, Stream, String) {
    let server = Serving::start(App::new().page::<Counter>()).await;
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    let (mut stream, id) = open(&visitor, &[&tab]).await;
    stream.named(ELEMENTS).await;
    increment(&tab).await;
    stream.named(ELEMENTS).await;
    (server, visitor, tab, stream, id)
}

/// A stream, and the id in its greeting.
async fn open(visitor: &Visitor, tabs: &[&Tab]) -> (Stream, String) {
    let mut stream = visitor.stream(tabs).await;
    let hello = stream.named("via-hello").await.json();
    let id = hello["stream"].as_str().expect("an id").to_owned();
    (stream, id)
}

/// An action whose patch comes on the stream, because the action names no stream.
async fn increment(tab: &Tab) {
    let answer = tab.act(Action::new("Counter::increment")).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
}

/// An action that names a stream.
async fn act(tab: &Tab, stream: &str, action: &str) -> Answer {
    let mut request = tab.request(&Action::new(action));
    let stream = HeaderValue::from_str(stream).unwrap();
    request.headers_mut().insert("via-stream", stream);
    let answer = tab.visitor().send(request).await.unwrap();
    answer.assert_ok();
    assert!(answer.ack().is_some() && answer.revision().is_some());
    answer
}

/// The events of an answer, if it has a frame.
fn events(answer: &Answer) -> Vec<Event> {
    if answer.status == StatusCode::NO_CONTENT {
        assert!(answer.body.is_empty());
        return Vec::new();
    }
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let events = Parser::default().push(&answer.body);
    assert!(!events.is_empty());
    events
}

fn number(event: &Event) -> u64 {
    let frame = event.frame();
    frame.unwrap_or_else(|| panic!("no frame: {event}")).number
}

fn shows(event: &Event, count: i64) -> bool {
    event.data.contains(&format!("<output>{count}</output>"))
}

/// Acts until an answer has a frame: a stream that has just sent something may not be waiting yet.
/// Returns the count that it shows, and the events.
async fn carried(tab: &Tab, id: &str, mut count: i64) -> (i64, Vec<Event>) {
    eventually("an answer has a frame", async || {
        count += 1;
        let events = events(&act(tab, id, "Counter::increment").await);
        (!events.is_empty()).then_some((count, events))
    })
    .await
}

#[tokio::test]
async fn the_answer_carries_the_next_frame_and_the_stream_goes_on_after_it() {
    let (_server, _visitor, tab, mut stream, id) = live().await;
    let (mut count, first) = carried(&tab, &id, 1).await;
    let [frame] = &*first else {
        panic!("{first:#?}");
    };
    assert!(shows(frame, count), "{frame}");
    let mut last = number(frame);
    // The stream waits now, and no frame is sent twice.
    for _ in 0..20 {
        count += 1;
        let events = events(&act(&tab, &id, "Counter::increment").await);
        let [frame] = &*events else {
            panic!("{events:#?}");
        };
        assert_eq!(number(frame), last + 1);
        assert!(shows(frame, count), "{frame}");
        last += 1;
    }
    increment(&tab).await;
    let next = stream
        .until("after the answers", |event| number(event) > last)
        .await;
    assert_eq!(number(&next), last + 1);
    assert!(shows(&next, count + 1), "{next}");
}

#[tokio::test]
async fn an_action_that_changes_nothing_that_is_shown_is_answered_without_a_frame() {
    let (_server, _visitor, tab, _stream, id) = live().await;
    carried(&tab, &id, 1).await;
    let answer = act(&tab, &id, "Counter::look").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn an_action_that_names_no_stream_of_its_tab_is_shown_on_the_stream() {
    let (server, visitor, tab, stream, id) = live().await;
    let (mut count, _) = carried(&tab, &id, 1).await;
    let stranger = server.visit("/").await;
    let theirs = stranger.attach("/").await;
    let (_their_stream, their_id) = open(&stranger, &[&theirs]).await;
    drop(stream);
    let (mut stream, new_id) = open(&visitor, &[&tab]).await;
    stream.named(ELEMENTS).await;
    for wrong in ["", "undefined", "-1", "fffffffffffffffff", &their_id] {
        assert_ne!(wrong, new_id);
        count += 1;
        let answer = act(&tab, wrong, "Counter::increment").await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{wrong}");
        let event = stream.named(ELEMENTS).await;
        assert!(shows(&event, count), "{wrong}: {event}");
    }
    // The answer to one tab's action never has a frame for another tab.
    let other = visitor.attach("/").await;
    let answer = act(&other, &new_id, "Counter::increment").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let event = stream.named(ELEMENTS).await;
    assert!(shows(&event, count + 1), "{event}");
}

#[tokio::test]
async fn the_other_tabs_of_the_stream_are_shown_it_there() {
    let (_server, visitor, first, _stream, _) = live().await;
    let second = visitor.attach("/").await;
    let (mut stream, id) = open(&visitor, &[&first, &second]).await;
    for _ in 0..2 {
        stream.named(ELEMENTS).await;
    }
    let (count, frame) = carried(&first, &id, 1).await;
    assert_eq!(frame[0].frame().unwrap().tab, "0");
    let event = stream
        .until("for the other tab", |event| shows(event, count))
        .await;
    assert_eq!(event.frame().unwrap().tab, "1");
}

#[tokio::test]
async fn a_repeated_action_is_answered_with_the_word_that_a_frame_may_be_lost() {
    let (_server, visitor, tab, _stream, id) = live().await;
    carried(&tab, &id, 1).await;
    let mut request = tab.request(&Action::new("Counter::increment"));
    let name = HeaderValue::from_str(&id).unwrap();
    request.headers_mut().insert("via-stream", name);
    let answer = visitor.send(request.clone()).await.unwrap();
    assert_eq!(events(&answer).len(), 1);
    let again = visitor.send(request.clone()).await.unwrap();
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.header("content-type"), Some("text/event-stream"));
    assert!(again.body.is_empty());
    assert_eq!(again.ack(), answer.ack());
    // An action that names no stream has all its frames on the stream.
    request.headers_mut().remove("via-stream");
    let plain = visitor.send(request).await.unwrap();
    assert_eq!(plain.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn commands_and_new_cookies_travel_alone_and_the_frame_on_the_stream() {
    let (_server, _visitor, tab, mut stream, id) = live().await;
    let (count, _) = carried(&tab, &id, 1).await;
    let answer = act(&tab, &id, "Counter::increment_and_say").await;
    assert_eq!(answer.json()["commands"][0]["text"], "more");
    stream
        .until("with the count", |event| shows(event, count + 1))
        .await;
    let answer = act(&tab, &id, "Counter::enter").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(answer.header("set-cookie").is_some());
    stream.named("via-bye").await;
}

#[tokio::test]
async fn no_frame_overtakes_a_stream_whose_reader_is_slow() {
    let server = Serving::start(wall()).await;
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    let (_stalled, id) = open(&visitor, &[&tab]).await;
    // More than fits into the buffers of the system.
    for size in 2_000_000..2_000_020 {
        let answer = tab.act(Action::new("Wall::paint").arg(size)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
    }
    let mut request = tab.request(&Action::new("Wall::paint").arg(7));
    let name = HeaderValue::from_str(&id).unwrap();
    request.headers_mut().insert("via-stream", name);
    let answer = visitor.send(request).await.unwrap();
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_a_storm_both_ways_together_bring_each_frame_once_and_the_last_state() {
    const EACH: i64 = 300;
    let (_server, visitor, tab, mut stream, id) = live().await;
    let other = visitor.attach("/").await;
    let noise = tokio::spawn(async move {
        for _ in 0..EACH {
            increment(&other).await;
        }
    });
    let mut frames = Vec::new();
    for _ in 0..EACH {
        frames.extend(events(&act(&tab, &id, "Counter::increment").await));
    }
    noise.await.unwrap();
    let in_answers = frames.len();
    // All earlier frames come before this one.
    increment(&tab).await;
    let last = 2 * EACH + 2;
    let shown = |event: &Event| shows(event, last);
    loop {
        let event = stream.named(ELEMENTS).await;
        let is_last = shown(&event);
        frames.push(event);
        if is_last {
            break;
        }
    }
    frames.sort_by_key(number);
    // Frames 1 and 2 came before.
    let numbers: Vec<_> = frames.iter().map(number).collect();
    let expected: Vec<_> = (3..).take(numbers.len()).collect();
    assert_eq!(numbers, expected);
    assert!(shown(frames.last().unwrap()));
    assert!(in_answers > 0 && in_answers < numbers.len(), "{in_answers}");
    // Later frames show later states.
    let counts: Vec<i64> = frames.iter().map(count).collect();
    assert!(counts.is_sorted(), "{counts:?}");
}

/// The count that a frame shows.
fn count(event: &Event) -> i64 {
    let text = event.data.split("<output>").nth(1).unwrap();
    text.split('<').next().unwrap().parse().unwrap()
}
