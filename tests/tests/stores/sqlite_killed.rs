//! A server that is killed again and again under load, on one SQLite file: no acknowledged action is
//! missing, none took effect twice, and no revision went back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::{JoinSet, block_in_place};
use tokio::time::{Instant, sleep};
use via_tests::client::{Action, Tab, Visitor};
use via_tests::dice::Dice;
use via_tests::history::{Acknowledged, Entry, violations};
use via_tests::patience::{PATIENCE, eventually};
use via_tests::server::{Options, Program, Server};

const KILLS: u64 = 100;
/// How many kills a session survives under load; it must be complete at the very end.
const KILLS_OF_A_SESSION: u64 = 10;
const VISITORS: u64 = 4;
const TABS: u64 = 3;

/// A session, and what its tabs were told.
struct Session {
    visitor: Visitor,
    /// The highest revision that was acknowledged.
    highest: Arc<AtomicU64>,
    tabs: JoinSet<Vec<Acknowledged>>,
}

impl Session {
    async fn begin(server: &Server, load: &Arc<Load>) -> Self {
        let visitor = Visitor::new(server.address());
        visitor.get("/").await.assert_ok();
        let highest = Arc::<AtomicU64>::default();
        let mut tabs = JoinSet::new();
        for place in 0..TABS {
            let tab = visitor.attach("/").await;
            let (visitor, load, highest) = (visitor.clone(), load.clone(), highest.clone());
            tabs.spawn(async move { act(&visitor, &tab, place, &load, &highest).await });
        }
        Self {
            visitor,
            highest,
            tabs,
        }
    }

    /// A newly loaded page shows at least everything that was acknowledged.
    async fn assert_nothing_went_back(&self) {
        let highest = self.highest.load(Ordering::SeqCst);
        let page = self.visitor.get("/").await;
        page.assert_ok();
        let shown: u64 = page.shows("length").parse().unwrap();
        assert!(shown >= highest, "{shown} of {highest} after a restart");
    }
}

/// State that all tabs share.
#[derive(Default)]
struct Load {
    acknowledged: AtomicU64,
    repeated: AtomicU64,
    ended: AtomicBool,
}

/// Acts without a pause until the load ends. Repeats an action without an answer, unchanged.
async fn act(
    visitor: &Visitor,
    tab: &Tab,
    place: u64,
    load: &Load,
    highest: &AtomicU64,
) -> Vec<Acknowledged> {
    let mut told = Vec::new();
    let mut line = None;
    for number in 1.. {
        if load.ended.load(Ordering::SeqCst) {
            break;
        }
        let action = Action::new("Logbook::add").arg(place).arg(number);
        let request = tab.request(&action.number(number));
        let deadline = Instant::now() + PATIENCE;
        // The last answer without an acknowledgement, for people who look for the cause.
        let mut last = "no connection".to_owned();
        let revision = loop {
            if line.is_none() {
                line = visitor.try_connect().await.ok();
            }
            if let Some(open) = &mut line {
                match open.send(&request).await {
                    Ok(answer) if answer.ack() == Some(number) => {
                        assert!(answer.status.is_success(), "{answer:?}");
                        break answer.revision().expect("an applied action has one");
                    }
                    Ok(answer) => last = format!("{answer:?}"),
                    Err(error) => {
                        last = error.to_string();
                        line = None;
                    }
                }
            }
            assert!(
                Instant::now() < deadline,
                "action {number} is not acknowledged: {last}"
            );
            load.repeated.fetch_add(1, Ordering::SeqCst);
            // The client waits too, so that it does not hammer a server that is down.
            sleep(Duration::from_millis(5)).await;
        };
        highest.fetch_max(revision, Ordering::SeqCst);
        load.acknowledged.fetch_add(1, Ordering::SeqCst);
        let entry = Entry { tab: place, number };
        told.push(Acknowledged { entry, revision });
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_a_hundred_times_under_load_loses_and_doubles_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::at("logbook", env!("CARGO_BIN_EXE_logbook"));
    let mut server = program.start(Options::sqlite(directory.path()));
    let mut dice = Dice::new(0x5eed_5eed_5eed_5eed);
    let mut acknowledged = 0;
    let mut repeated = 0;
    let mut sessions = Vec::new();
    let mut away = Duration::ZERO;

    for _ in 0..KILLS / KILLS_OF_A_SESSION {
        let load = Arc::<Load>::default();
        let mut living = Vec::new();
        for _ in 0..VISITORS {
            living.push(Session::begin(&server, &load).await);
        }
        for _ in 0..KILLS_OF_A_SESSION {
            let until = load.acknowledged.load(Ordering::SeqCst) + dice.below(500);
            eventually("the tabs have acted", async || {
                (load.acknowledged.load(Ordering::SeqCst) >= until).then_some(())
            })
            .await;
            // Not always right after an answer has arrived.
            sleep(Duration::from_micros(dice.below(5000))).await;
            block_in_place(|| server.kill());
            let killed = Instant::now();
            block_in_place(|| server.restart());
            away += killed.elapsed();
            for session in &living {
                session.assert_nothing_went_back().await;
            }
        }
        load.ended.store(true, Ordering::SeqCst);
        for session in living {
            let told = session.tabs.join_all().await.concat();
            sessions.push((session.visitor, told));
        }
        acknowledged += load.acknowledged.load(Ordering::SeqCst);
        repeated += load.repeated.load(Ordering::SeqCst);
    }

    block_in_place(|| server.kill());
    block_in_place(|| server.restart());
    let mut counted = 0;
    for (visitor, told) in &sessions {
        let page = visitor.get("/").await;
        page.assert_ok();
        let log = Entry::all(&page.shows("log"));
        assert_eq!(violations(&log, told), []);
        assert_eq!(log.len(), told.len());
        counted += told.len() as u64;
    }
    assert_eq!(counted, acknowledged);
    let restart = away / u32::try_from(KILLS).unwrap();
    eprintln!(
        "{KILLS} kills: {acknowledged} actions of {} sessions acknowledged, {repeated} requests \
         repeated, 0 missing, 0 doubled; a restart took {restart:?}",
        sessions.len(),
    );
}
