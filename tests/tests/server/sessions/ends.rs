//! When a session ends, and that it stays ended.

use std::time::Duration;

use http::StatusCode;
use via::store::{Loaded, Store as _, Timestamp};
use via::{App, Clock};
use via_tests::client::{Action, Tab, Visitor};
use via_tests::serving::Serving;
use via_tests::stores::Faulty;

use super::{ABSOLUTE, Desk, IDLE, TICK, add, assert_session_gone, count, sessions};

/// An app with a clock that stands still, and a visitor who has counted to 1.
struct Timed {
    clock: Clock,
    store: Faulty,
    server: Serving,
    visitor: Visitor,
    tab: Tab,
}

impl Timed {
    async fn new(idle: Duration, absolute: Duration) -> Self {
        let clock = Clock::manual(Timestamp::from_millis(1_000_000_000_000));
        let store = Faulty::default();
        let app = App::new()
            .store(store.clone())
            .clock(clock.clone())
            .session_timeouts(idle, absolute)
            .page::<Desk>();
        let server = Serving::start(app).await;
        let visitor = server.visit("/").await;
        let tab = visitor.attach("/").await;
        add(&tab).await;
        Self {
            clock,
            store,
            server,
            visitor,
            tab,
        }
    }

    /// The session is over for requests with its cookie or its token, and stays over.
    async fn assert_over(self) {
        let old = self.visitor.cookies();
        let written = self.store.written();
        let answer = self.tab.act(Action::new("Desk::add")).await;
        assert_session_gone(&answer);
        assert_eq!(answer.ack(), Some(2));
        assert_session_gone(&self.visitor.try_attach("/").await);
        let stream = self.visitor.stream(&[&self.tab]).await;
        assert_eq!(stream.status(), StatusCode::UNAUTHORIZED);

        let page = self.visitor.get("/").await;
        assert!(page.header("set-cookie").is_some());
        assert!(page.text().contains("<output>0</output>"));
        assert_ne!(self.visitor.cookies(), old);
        // The old token does not work in the new session.
        assert_session_gone(&self.tab.act(Action::new("Desk::add")).await);
        assert_eq!(self.store.written(), written);

        let tab = self.visitor.attach("/").await;
        add(&tab).await;
        assert_eq!(count(&self.visitor).await, 1);
        let mut keys = sessions(&self.store);
        keys.dedup();
        assert_eq!(keys.len(), 2);
        self.server.stop().await;
    }
}

#[tokio::test]
async fn a_session_that_nobody_used_ends() {
    let timed = Timed::new(IDLE, ABSOLUTE).await;
    timed.clock.advance(IDLE.checked_sub(TICK).unwrap());
    add(&timed.tab).await;
    assert_eq!(count(&timed.visitor).await, 2);
    // That counted as use.
    timed.clock.advance(IDLE.checked_sub(TICK).unwrap());
    assert_eq!(count(&timed.visitor).await, 2);
    // That did too.
    timed.clock.advance(IDLE.checked_sub(TICK).unwrap());
    assert_eq!(count(&timed.visitor).await, 2);

    let timed = Timed::new(IDLE, ABSOLUTE).await;
    timed.clock.advance(IDLE);
    timed.assert_over().await;
}

#[tokio::test]
async fn a_session_ends_after_its_absolute_time_however_much_it_is_used() {
    let timed = Timed::new(IDLE, ABSOLUTE).await;
    for _ in 0..11 {
        timed.clock.advance(ABSOLUTE / 12);
        assert_eq!(count(&timed.visitor).await, 1);
    }
    timed.clock.advance(ABSOLUTE / 12);
    timed.assert_over().await;
}

#[tokio::test]
async fn the_absolute_time_may_be_as_short_as_the_idle_one() {
    let timed = Timed::new(IDLE, IDLE).await;
    timed.clock.advance(IDLE / 2);
    assert_eq!(count(&timed.visitor).await, 1);
    timed.clock.advance(IDLE / 2);
    timed.assert_over().await;
}

#[tokio::test]
async fn a_visit_that_never_committed_is_over_after_the_idle_time() {
    let timed = Timed::new(IDLE, ABSOLUTE).await;
    let visitor = timed.server.visitor();
    visitor.get("/").await.assert_ok();
    let tab = visitor.attach("/").await;
    timed.clock.advance(IDLE.checked_sub(TICK).unwrap());
    assert_eq!(visitor.get("/").await.header("set-cookie"), None);
    timed.clock.advance(TICK);
    let written = timed.store.written();
    assert_session_gone(&tab.act(Action::new("Desk::add")).await);
    assert_session_gone(&visitor.try_attach("/").await);
    assert!(visitor.get("/").await.header("set-cookie").is_some());
    assert_eq!(timed.store.written(), written);
}

#[tokio::test]
async fn an_open_stream_is_no_use_of_a_session_and_hears_of_its_end() {
    let timed = Timed::new(IDLE, ABSOLUTE).await;
    let mut stream = timed.visitor.stream(&[&timed.tab, &timed.tab]).await;
    stream.named("datastar-patch-elements").await;
    timed.clock.advance(IDLE);
    // The stream checks when another request asks for the session.
    assert_session_gone(&timed.tab.act(Action::new("Desk::add")).await);
    for tab in ["0", "1"] {
        let event = stream.named("via-tab").await;
        assert_eq!(event.json()["code"], "session_gone");
        assert_eq!(event.frame().unwrap().tab, tab);
    }
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_session_that_was_ended_stays_so() {
    let store = Faulty::default();
    let server = Serving::start(App::new().store(store.clone()).page::<Desk>()).await;
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    let idle_tab = visitor.attach("/").await;
    add(&tab).await;
    let mut stream = visitor.stream(&[&tab, &idle_tab]).await;
    stream.named("datastar-patch-elements").await;

    let keys = sessions(&store);
    let now = Clock::system().now();
    let deleted = store.delete(&keys, Timestamp::NEVER, now).await.unwrap();
    assert_eq!((keys.len(), deleted), (1, 1));
    let written = store.written();
    for tab in ["0", "1"] {
        let event = stream.named("via-tab").await;
        assert_eq!(event.json()["code"], "session_gone");
        assert_eq!(event.frame().unwrap().tab, tab);
    }
    assert_eq!(stream.next().await, None);

    for (tab, number) in [(&tab, 2), (&idle_tab, 1), (&tab, 3)] {
        let answer = tab.act(Action::new("Desk::add")).await;
        assert_session_gone(&answer);
        assert_eq!(answer.ack(), Some(number));
    }
    assert_session_gone(&visitor.try_attach("/").await);
    let refused = visitor.stream(&[&tab]).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let old = visitor.cookies();
    assert_eq!(count(&visitor).await, 0);
    assert_ne!(visitor.cookies(), old);
    assert_session_gone(&tab.act(Action::new("Desk::add")).await);

    assert_eq!(store.written(), written);
    assert_eq!(store.load(&keys, now).await.unwrap(), [Loaded::Deleted]);
}
