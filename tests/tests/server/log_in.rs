//! Log-in: secrets that change, tabs that go on, and sessions that are listed and ended.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use via::prelude::*;
use via::store::{Store, Timestamp};
use via::{App, Clock, SessionHandle};
use via_tests::client::{Action, Answer, Tab, Visitor};
use via_tests::serving::Serving;
use via_tests::stores::{Faulty, Operation};

#[via::page("/")]
struct Office {
    #[state]
    notes: Vec<String>,
    #[state(tab)]
    opened: u32,
}

#[via::actions]
impl Office {
    fn log_in(&mut self, name: String, fx: &mut Effects) -> Result<(), &'static str> {
        self.opened = 0;
        fx.session().login(name)?;
        Ok(())
    }

    fn log_out(&mut self, fx: &mut Effects) {
        self.notes.push("written while logging out".to_owned());
        fx.session().logout();
    }

    fn rotate(&mut self, fx: &mut Effects) -> Result<(), String> {
        let name = fx.session().principal().ok_or("Nobody is logged in.")?;
        self.notes.push(format!("rotated by {name}"));
        fx.session().rotate();
        Ok(())
    }

    fn note(&mut self, text: String) {
        self.notes.push(text);
        self.opened += 1;
    }

    fn refuse_log_in(&mut self, fx: &mut Effects) -> Result<(), &'static str> {
        self.notes.push("refused".to_owned());
        fx.session().login("mallory")?;
        Err("That is not the password.")
    }

    async fn end_others(task: Task<Self>) -> via::Result<()> {
        if let Some(principal) = task.principal().await? {
            let sessions = task.sessions();
            let ended = sessions.end_others(&principal, &task.session()).await?;
            let note = format!("ended {ended}");
            let _ = task.update(|page| page.notes.push(note.clone())).await;
        }
        Ok(())
    }
}

impl View for Office {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            p id="who" { (cx.principal().unwrap_or("nobody")) }
            p id="opened" { (self.opened) }
            p id="notes" { (self.notes.join(", ")) }
        }
    }
}

fn log_in(name: &str) -> Action {
    Action::new("Office::log_in").arg(name)
}

fn note(text: &str) -> Action {
    Action::new("Office::note").arg(text)
}

async fn done(tab: &Tab, action: Action) {
    let answer = tab.act(action).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
}

async fn shown(visitor: &Visitor) -> (String, String) {
    let page = visitor.get("/").await;
    page.assert_ok();
    (page.shows("who"), page.shows("notes"))
}

fn cookie(visitor: &Visitor) -> (String, String) {
    visitor.cookies().pop_first().expect("a cookie")
}

/// A client that has only a copy of this cookie.
fn thief(server: &Serving, (name, value): &(String, String)) -> Visitor {
    let thief = server.visitor();
    thief.set_cookie(name, value);
    thief
}

fn assert_refused(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!(
        (answer.status, answer.code().as_deref()),
        (status, Some(code)),
        "{}",
        answer.text()
    );
}

fn commits(store: &Faulty) -> usize {
    store.count(|call| call.operation == Operation::Commit)
}

/// A server with a clock that stands still, and a visitor with a tab.
async fn office() -> (Serving, Clock, Visitor, Tab) {
    let clock = Clock::manual(Timestamp::from_millis(1_000_000_000_000));
    let app = App::new().clock(clock.clone()).page::<Office>();
    let server = Serving::start(app).await;
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    (server, clock, visitor, tab)
}

#[tokio::test]
async fn a_log_in_keeps_the_state_and_makes_the_old_cookie_worthless() {
    let (server, clock, visitor, tab) = office().await;
    done(&tab, note("before")).await;
    let old = cookie(&visitor);

    done(&tab, log_in("anna")).await;

    assert_ne!(cookie(&visitor), old);
    assert_eq!(
        shown(&visitor).await,
        ("anna".to_owned(), "before".to_owned())
    );
    let thief = thief(&server, &old);
    for _ in 0..2 {
        // It gets nothing of the session and, at first, no other cookie: that could replace the
        // new cookie that the browser is about to get.
        let page = thief.get("/").await;
        assert!(!page.text().contains("anna"), "{}", page.text());
        assert_refused(
            &thief.try_attach("/").await,
            StatusCode::SERVICE_UNAVAILABLE,
            "rotated",
        );
        let stream = thief.stream(&[&tab]).await;
        assert_eq!(stream.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(cookie(&thief), old);
        clock.advance(Duration::from_secs(14));
    }
    clock.advance(Duration::from_secs(2));
    assert_refused(
        &thief.try_attach("/").await,
        StatusCode::UNAUTHORIZED,
        "session_gone",
    );
    assert_eq!(shown(&thief).await, ("nobody".to_owned(), String::new()));
    assert_ne!(cookie(&thief), old);
}

#[tokio::test]
async fn the_other_tabs_go_on_after_a_log_in() {
    let (_server, _clock, visitor, tab) = office().await;
    done(&tab, note("one")).await;
    let other = visitor.attach("/").await;
    let mut stream = visitor.stream(&[&tab, &other]).await;
    stream.named("datastar-patch-elements").await;
    // A request with the old cookie, in flight when the new one was made.
    let crossed = other.request(&note("two"));

    done(&tab, log_in("anna")).await;

    // The stream of the old secret ends, and asks the tabs to come back.
    let bye = stream.named("via-bye").await;
    assert!(bye.data.contains("reconnect_ms"), "{bye}");
    assert!(stream.next().await.is_none());
    let answer = visitor.send(crossed).await.unwrap();
    assert_refused(&answer, StatusCode::SERVICE_UNAVAILABLE, "rotated");
    assert_eq!(
        (answer.ack(), answer.header("retry-after")),
        (None, Some("0"))
    );

    let answer = other.act_until_acknowledged(note("two").number(1)).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
    let mut stream = visitor.stream(&[&tab, &other]).await;
    let patch = stream.named("datastar-patch-elements").await;
    assert!(patch.to_string().contains("anna"), "{patch}");
    assert_eq!(shown(&visitor).await.1, "one, two");
}

#[tokio::test]
async fn a_log_in_whose_answer_was_lost_is_repeated_with_the_old_cookie_and_happens_once() {
    let (server, clock, visitor, tab) = office().await;
    done(&tab, log_in("anna")).await;
    let old = cookie(&visitor);
    done(&tab, Action::new("Office::rotate").number(2)).await;
    let lost = cookie(&visitor);
    visitor.set_cookie(&old.0, &old.1);
    // It may come as late as this.
    clock.advance(Duration::from_secs(29));

    let again = tab.act(Action::new("Office::rotate").number(2)).await;

    assert_eq!(again.status, StatusCode::NO_CONTENT, "{}", again.text());
    let new = cookie(&visitor);
    assert!(new != old && new != lost);
    assert_eq!(
        shown(&visitor).await,
        ("anna".to_owned(), "rotated by anna".to_owned())
    );
    // Nobody has the lost cookie, except perhaps a listener on the network: it opens nothing.
    let thief = thief(&server, &lost);
    assert_refused(
        &thief.try_attach("/").await,
        StatusCode::UNAUTHORIZED,
        "session_gone",
    );
}

#[tokio::test]
async fn a_recorded_log_in_gets_no_cookie_after_the_first_use_of_the_new_one_anywhere() {
    let clock = Clock::manual(Timestamp::from_millis(1_000_000_000_000));
    let store = Arc::new(MemoryStore::new());
    let app = || {
        let app = App::new().name("office").clock(clock.clone());
        app.store(Arc::clone(&store)).page::<Office>()
    };
    let (here, there) = (Serving::start(app()).await, Serving::start(app()).await);
    for used in [
        "get",
        "attach",
        "stream",
        "action",
        "refusal",
        "mistake",
        "repetition",
    ] {
        let visitor = here.visit("/").await;
        let tab = visitor.attach("/").await;
        let other = visitor.attach("/").await;
        done(&other, note("before")).await;
        let old = cookie(&visitor);
        let recorded = tab.request(&log_in("anna"));
        let first = visitor.send(recorded.clone()).await.unwrap();
        assert_eq!(first.status, StatusCode::NO_CONTENT, "{}", first.text());

        let elsewhere = visitor.at(there.address());
        let other = other.at(&elsewhere);
        match used {
            "get" => assert_eq!(shown(&elsewhere).await.0, "anna"),
            "attach" => elsewhere.try_attach("/").await.assert_ok(),
            "stream" => {
                let stream = elsewhere.stream(&[&other]).await;
                assert_eq!(stream.status(), StatusCode::OK);
            }
            "action" => done(&other, note("after")).await,
            "refusal" => {
                let answer = other.act(Action::new("Office::refuse_log_in")).await;
                assert_refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, "refused");
            }
            // Nothing is committed for these two.
            "mistake" => {
                let answer = other.act(Action::new("Office::note").arg(7)).await;
                assert_refused(
                    &answer,
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid_arguments",
                );
            }
            _ => done(&tab.at(&elsewhere), log_in("anna").number(1)).await,
        }

        let new = cookie(&visitor);
        for (server, seconds) in [(&here, 0), (&there, 10), (&here, 30), (&there, 0)] {
            clock.advance(Duration::from_secs(seconds));
            let thief = thief(server, &old);
            let again = thief.send(recorded.clone()).await.unwrap();
            assert!(again.ack().is_none() || again.status == StatusCode::UNAUTHORIZED);
            assert_eq!(cookie(&thief), old, "{used}: {}", again.text());
        }
        // And the owner of the session is not disturbed.
        assert_eq!(shown(&visitor).await.0, "anna");
        assert_eq!(cookie(&visitor), new);
    }
}

#[tokio::test]
async fn a_recorded_log_in_gets_no_cookie_after_30_seconds_even_if_nobody_used_the_new_one() {
    let (server, clock, visitor, tab) = office().await;
    let old = cookie(&visitor);
    let recorded = tab.request(&log_in("anna"));
    visitor.send(recorded.clone()).await.unwrap();
    for seconds in [30, 10, 3_600] {
        clock.advance(Duration::from_secs(seconds));
        let thief = thief(&server, &old);
        let again = thief.send(recorded.clone()).await.unwrap();
        assert_refused(&again, StatusCode::UNAUTHORIZED, "session_gone");
        assert_eq!(cookie(&thief), old);
    }
    assert_eq!(shown(&visitor).await.0, "anna");
}

#[tokio::test]
async fn the_first_use_of_a_new_cookie_is_written_once() {
    let store = Faulty::default();
    let server = Serving::start(App::new().store(store.clone()).page::<Office>()).await;
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    done(&tab, log_in("anna")).await;
    let before = commits(&store);
    for _ in 0..3 {
        assert_eq!(shown(&visitor).await.0, "anna");
        visitor.attach("/").await;
    }
    assert_eq!(commits(&store), before + 1);
}

#[tokio::test]
async fn the_old_cookie_repeats_nothing_but_that_very_action() {
    let (_server, clock, visitor, tab) = office().await;
    let old = cookie(&visitor);
    done(&tab, log_in("anna")).await;
    visitor.set_cookie(&old.0, &old.1);
    let others = [log_in("mallory").number(1), log_in("anna").number(2)];
    for action in others.clone() {
        let answer = tab.act(action).await;
        assert_refused(&answer, StatusCode::SERVICE_UNAVAILABLE, "rotated");
    }
    clock.advance(Duration::from_mins(1));
    for action in others {
        let answer = tab.act(action).await;
        assert_refused(&answer, StatusCode::UNAUTHORIZED, "session_gone");
    }
}

#[tokio::test]
async fn a_refused_action_logs_nobody_in() {
    let (_server, _clock, visitor, tab) = office().await;
    let old = cookie(&visitor);
    let answer = tab.act(Action::new("Office::refuse_log_in")).await;
    assert_refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, "refused");
    assert_eq!(cookie(&visitor), old);
    assert_eq!(shown(&visitor).await.0, "nobody");
}

#[tokio::test]
async fn a_name_that_is_no_name_logs_nobody_in() {
    let (_server, _clock, visitor, tab) = office().await;
    let too_long = "a".repeat(Session::MAX_PRINCIPAL + 1);
    for name in ["", "\0system", "anna\n", "anna\u{9f}", &too_long] {
        let answer = tab.act(log_in(name)).await;
        assert_refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, "refused");
        let message = answer.message().unwrap();
        assert_eq!(message, "That name cannot be used to log in.");
    }
    assert_eq!(shown(&visitor).await.0, "nobody");
    let longest = "a".repeat(Session::MAX_PRINCIPAL);
    done(&tab, log_in(&longest)).await;
    assert_eq!(shown(&visitor).await.0, longest);
}

#[tokio::test]
async fn a_log_out_begins_all_state_anew_and_the_tabs_go_on() {
    let (_server, _clock, visitor, tab) = office().await;
    let other = visitor.attach("/").await;
    done(&tab, log_in("anna")).await;
    done(&tab, note("secret")).await;
    done(&other, note("secret too")).await;
    let old = cookie(&visitor);
    let mut stream = visitor.stream(&[&tab, &other]).await;
    stream.named("datastar-patch-elements").await;

    done(&tab, Action::new("Office::log_out")).await;

    stream.named("via-bye").await;
    assert_ne!(cookie(&visitor), old);
    assert_eq!(shown(&visitor).await, ("nobody".to_owned(), String::new()));
    done(&other, note("as nobody")).await;
    let mut stream = visitor.stream(&[&other]).await;
    let patch = stream.named("datastar-patch-elements").await.to_string();
    assert!(
        !patch.contains("secret") && patch.contains("as nobody"),
        "{patch}"
    );
    // Its tab state started again as well.
    assert!(patch.contains(r#"<p id="opened">1</p>"#), "{patch}");
}

/// Two servers on one store, and a handle for the sessions of a principal.
async fn two_servers(store: impl Store) -> (Serving, Serving, via::Sessions) {
    let store = Arc::new(store);
    let app = || {
        App::new()
            .name("office")
            .store(Arc::clone(&store))
            .page::<Office>()
    };
    let sessions = app().sessions();
    (
        Serving::start(app()).await,
        Serving::start(app()).await,
        sessions,
    )
}

async fn logged_in(server: &Serving, name: &str) -> (Visitor, Tab) {
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    done(&tab, log_in(name)).await;
    (visitor, tab)
}

#[tokio::test]
async fn the_sessions_of_a_principal_are_listed_and_ended_on_every_server() {
    let (here, there, sessions) = two_servers(MemoryStore::new()).await;
    let (first, first_tab) = logged_in(&here, "anna").await;
    let (second, second_tab) = logged_in(&there, "anna").await;
    let (third, third_tab) = logged_in(&there, "anna").await;
    let (bob, _) = logged_in(&here, "bob").await;
    let listed = sessions.list("anna").await.unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!(sessions.list("nobody").await.unwrap(), []);
    let mut streams = [
        second.stream(&[&second_tab]).await,
        third.stream(&[&third_tab]).await,
    ];

    let answer = first_tab.act(Action::new("Office::end_others")).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());

    for stream in &mut streams {
        let event = stream.named("via-tab").await;
        assert!(event.data.contains("session_gone"), "{event}");
    }
    for visitor in [&second, &third] {
        assert_refused(
            &visitor.try_attach("/").await,
            StatusCode::UNAUTHORIZED,
            "session_gone",
        );
    }
    let left = sessions.list("anna").await.unwrap();
    assert_eq!(left.len(), 1);
    assert!(listed.iter().any(|one| one.handle == left[0].handle));

    let stranger = SessionHandle::from_text("0123");
    assert!(!sessions.end("anna", &stranger).await.unwrap());
    assert!(!sessions.end("bob", &left[0].handle).await.unwrap());
    let named = SessionHandle::from_text(&left[0].handle.to_string());
    assert!(sessions.end("anna", &named).await.unwrap());
    assert_eq!(shown(&first).await.0, "nobody");
    assert_eq!(sessions.end_all("anna").await.unwrap(), 0);
    assert_eq!(shown(&bob).await.0, "bob");
    assert_eq!(sessions.end_all("bob").await.unwrap(), 1);
    assert_eq!(shown(&bob).await.0, "nobody");
}

/// Logs out, or ends the session, while another tab acts. Whichever comes first, nothing of the old
/// session remains afterwards.
async fn race(store: impl Store, rounds: usize) {
    let (here, there, sessions) = two_servers(store).await;
    for round in 0..rounds {
        let (visitor, tab) = logged_in(&here, "anna").await;
        done(&tab, note("before")).await;
        let elsewhere = visitor.at(there.address());
        let slow = elsewhere.attach("/").await;
        let slow = slow.request(&note("meanwhile"));
        let ended_from_outside = round % 2 == 0;
        let (_, ended) = tokio::join!(elsewhere.send(slow), async {
            if ended_from_outside {
                assert_eq!(sessions.end_all("anna").await.unwrap(), 1);
            } else {
                let out = tab.act_until_acknowledged(Action::new("Office::log_out"));
                assert_eq!(out.await.status, StatusCode::NO_CONTENT);
            }
        });
        let () = ended;
        for server in [&here, &there] {
            let (who, notes) = shown(&visitor.at(server.address())).await;
            assert_eq!(who, "nobody");
            assert!(!notes.contains("before"), "round {round}: {notes}");
        }
        assert_eq!(sessions.list("anna").await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_resurrects_a_session_in_memory() {
    race(MemoryStore::new(), 1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_resurrects_a_session_in_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("via.db")).unwrap();
    race(store, 1_000).await;
}
