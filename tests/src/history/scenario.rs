//! What happens to servers while a crowd acts: each fault lasts for a while under load and then ends,
//! and all promises are checked.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use super::crowd::{Crowd, Page, Plan, Seen};
use super::pace::{Pace, quantile};
use super::report::Name;
use crate::cluster::Cluster;
use crate::dice::Dice;
use crate::proxy::{Exchange, Fate};
use crate::server::{Options, Program, Server};

/// Where a scenario runs.
#[derive(Clone, Debug)]
pub struct Ground {
    /// What the store is called in reports.
    pub store: &'static str,
    /// The test's app.
    pub program: Program,
    /// How its servers start.
    pub options: Options,
    /// How many there are.
    pub servers: usize,
}

/// A promise about the time until tabs show acknowledged actions.
#[derive(Clone, Copy, Debug)]
struct Promise {
    what: &'static str,
    within: Duration,
    /// In microseconds.
    measure: fn(&Pace) -> u64,
}

/// If nothing is wrong.
const LIVE: Promise = Promise {
    what: "p99 until it is shown",
    within: Duration::from_millis(250),
    measure: |pace| quantile(&pace.live, 99),
};

/// What a tab missed, after its stream was opened again.
const REOPENED: Promise = Promise {
    what: "longest until a stream that was opened again shows all",
    within: Duration::from_secs(2),
    measure: |pace| quantile(&pace.reopened, 100),
};

/// If the server gets no notices.
const UNHEARD: Promise = Promise {
    what: "longest until it is shown without a notice",
    within: Duration::from_secs(6),
    measure: |pace| quantile(&pace.live, 100),
};

/// How long a server may take to finish.
const EXIT: Duration = Duration::from_secs(10);

/// The test's app, in an optimized build; `LEDGER_PROGRAM` gives the path of another one.
#[track_caller]
pub fn app() -> Program {
    std::env::var_os("LEDGER_PROGRAM").map_or_else(
        || Server::build_optimized("ledger"),
        |executable| Program::at("ledger", executable),
    )
}

impl Ground {
    /// Its servers.
    pub fn start(&self) -> Cluster {
        Cluster::start(&self.program, self.servers, &self.options)
    }

    /// The same with another environment variable.
    #[must_use]
    pub fn env(&self, name: &str, value: &str) -> Self {
        let mut ground = self.clone();
        ground.options = ground.options.env(name, value);
        ground
    }

    pub(super) fn name<'a>(&self, scenario: &'a str) -> Name<'a> {
        Name {
            store: self.store,
            scenario,
        }
    }

    #[track_caller]
    pub(super) fn verdict(&self, scenario: &str, plan: &Plan, seen: &Seen) {
        seen.assert_right(self.name(scenario), plan, &[]);
    }

    /// Like [`verdict`](Self::verdict), and tabs have shown everything in time.
    #[track_caller]
    fn verdict_in_time(
        &self,
        scenario: &str,
        plan: &Plan,
        seen: &Seen,
        (promise, lateness): (Promise, Lateness),
    ) {
        let lateness = lateness.worst();
        let measured = Duration::from_micros((promise.measure)(&seen.pace()));
        let compared = json!({
            "what": promise.what,
            "within": promise.within.as_millis(),
            "measured": measured.as_secs_f64() * 1000.0,
            "machine_late_by": lateness.as_secs_f64() * 1000.0,
        });
        seen.assert_right(self.name(scenario), plan, &[("promised_ms", compared)]);
        let limit = promise.within + lateness;
        assert!(
            measured <= limit,
            "{}: {measured:?}, limit {limit:?}",
            promise.what
        );
    }

    /// No fault: all tabs act as fast as they can until this many actions are done.
    pub async fn rush(&self, page: Page, actions: u64) {
        let cluster = self.start();
        // The same number of tabs in both cases. In rooms, all tabs of four sessions compete for a log. If
        // each session has its own log, two tabs at three servers compete enough, and more actions get done.
        let (sessions, tabs) = match page {
            Page::Session => (24, 2),
            Page::Rooms(_) => (12, 4),
        };
        let plan = Plan {
            page,
            sessions,
            tabs,
            ..Plan::default()
        };
        let crowd = Crowd::gather(plan.clone(), cluster.direct()).await;
        crowd.until(actions).await;
        let seen = crowd.finish().await;
        let scenario = match page {
            Page::Session => "rush",
            Page::Rooms(_) => "rush-rooms",
        };
        self.verdict(scenario, &plan, &seen);
    }

    /// No fault: all tabs wait between actions, and acknowledged actions are shown at
    /// once.
    pub async fn calm(&self, actions: u64) {
        let cluster = self.start();
        let plan = Plan {
            sessions: 6,
            tabs: 4,
            think: Duration::from_millis(200),
            look: Duration::from_millis(500),
            ..Plan::default()
        };
        let lateness = Lateness::measure();
        let crowd = Crowd::gather(plan.clone(), cluster.direct()).await;
        crowd.until(actions).await;
        let seen = crowd.finish().await;
        self.verdict_in_time("calm", &plan, &seen, (LIVE, lateness));
    }

    /// Servers are killed and started again.
    pub async fn kills(&self, kills: u64) {
        let mut cluster = self.start();
        let plan = Plan::default();
        let mut dice = Dice::new(plan.seed);
        let lateness = Lateness::measure();
        let crowd = Crowd::gather(plan.clone(), cluster.direct()).await;
        for _ in 0..kills {
            crowd.until_more(dice.below(400)).await;
            cluster.kill_and_restart(dice.place(cluster.len()));
        }
        crowd.until_more(500).await;
        let seen = crowd.finish().await;
        self.verdict_in_time("kills", &plan, &seen, (REOPENED, lateness));
    }

    /// Connections are cut between the request and the answer of one action in ten, and sometimes all
    /// at once.
    pub async fn cuts(&self, page: Page, actions: u64) {
        let plan = Plan {
            page,
            ..Plan::default()
        };
        let lateness = Lateness::measure();
        let seen = self
            .with_proxies(&plan, actions, |dice, request| match dice.below(100) {
                // A stream has no end to wait for.
                0..5 if request.is("stream") => Fate::CutAfter(0),
                0..5 => Fate::DropAnswer,
                5..10 => Fate::DropRequest,
                _ => Fate::Pass,
            })
            .await;
        let scenario = match page {
            Page::Session => "cuts",
            Page::Rooms(_) => "cuts-rooms",
        };
        self.verdict_in_time(scenario, &plan, &seen, (REOPENED, lateness));
    }

    /// 30 % of the actions are sent twice, half of these late and out of order; 10 % are late; 5 % of
    /// the answers are dropped.
    pub async fn doubles(&self, actions: u64) {
        let plan = Plan::default();
        let seen = self
            .with_proxies(&plan, actions, |dice, request| {
                if !request.is("action") {
                    return Fate::Pass;
                }
                match dice.below(100) {
                    0..15 => Fate::Again(Duration::ZERO),
                    15..30 => Fate::Again(dice.around(Duration::from_millis(20))),
                    30..35 => Fate::DropAnswer,
                    35..45 => Fate::Late(dice.around(Duration::from_millis(5))),
                    _ => Fate::Pass,
                }
            })
            .await;
        self.verdict("doubles", &plan, &seen);
    }

    async fn with_proxies(
        &self,
        plan: &Plan,
        actions: u64,
        rule: impl Fn(&mut Dice, &Exchange) -> Fate + Send + Sync + Copy + 'static,
    ) -> Seen {
        /// How often all connections of a server are cut.
        const TIMES: u64 = 20;
        let cluster = self.start();
        let mut dice = Dice::new(plan.seed);
        for proxy in cluster.proxies() {
            let dice = Mutex::new(dice.fork());
            proxy.rule(move |request| {
                let mut dice = dice.lock().expect("a rule does not panic");
                rule(&mut dice, request)
            });
        }
        let crowd = Crowd::gather_by(plan.clone(), cluster.direct(), cluster.proxied()).await;
        for _ in 0..TIMES {
            crowd.until_more(actions / TIMES).await;
            // Streams too: they rarely send requests, so the rules hardly ever cut them.
            cluster.proxies()[dice.place(self.servers)].cut();
        }
        for proxy in cluster.proxies() {
            proxy.pass();
        }
        crowd.until_more(200).await;
        crowd.finish().await
    }

    /// A server is paused for this long, then continues.
    pub async fn pause(&self, length: Duration) {
        let cluster = self.start();
        let plan = Plan {
            think: Duration::from_millis(5),
            ..Plan::default()
        };
        let crowd = Crowd::gather(plan.clone(), cluster.direct()).await;
        crowd.until_more(500).await;
        cluster.server(0).pause();
        sleep(length).await;
        cluster.server(0).resume();
        crowd.until_more(500).await;
        let seen = crowd.finish().await;
        self.verdict("pause", &plan, &seen);
    }

    /// Servers drain and come back one after the other, as in a deploy.
    pub async fn rolling(&self, restarts: usize) {
        let mut cluster = self.start();
        let plan = Plan {
            think: Duration::from_millis(2),
            ..Plan::default()
        };
        let crowd = Crowd::gather(plan.clone(), cluster.direct()).await;
        let mut slowest = Duration::ZERO;
        for restart in 0..restarts {
            crowd.until_more(200).await;
            let (status, took) = cluster.drain_and_restart(restart % self.servers);
            assert!(status.success(), "a drained server ended with {status}");
            slowest = slowest.max(took);
        }
        crowd.until_more(200).await;
        let seen = crowd.finish().await;
        let more = [
            ("restarts", json!(restarts)),
            ("reloads", json!(seen.reloads())),
            ("slowest_exit_ms", json!(slowest.as_millis())),
        ];
        seen.assert_right(self.name("rolling"), &plan, &more);
        assert_eq!(seen.reloads(), 0, "a client had to reload a page");
        assert!(slowest <= EXIT, "a drain took {slowest:?}");
    }

    /// No notice gets through for this long; tabs still show everything.
    pub async fn silence(&self, length: Duration) {
        let directory = tempfile::tempdir().expect("a directory");
        let mark: PathBuf = directory.path().join("silence");
        let ground = self.env("LEDGER_SILENCE", mark.to_str().expect("a plain path"));
        let cluster = ground.start();
        let plan = Plan {
            think: Duration::from_millis(300),
            apart: true,
            ..Plan::default()
        };
        let lateness = Lateness::measure();
        let crowd = Crowd::gather(plan.clone(), cluster.direct()).await;
        crowd.until_more(100).await;
        std::fs::write(&mark, "").expect("a file");
        sleep(length).await;
        std::fs::remove_file(&mark).expect("the file");
        crowd.until_more(100).await;
        let seen = crowd.finish().await;
        self.verdict_in_time("silence", &plan, &seen, (UNHEARD, lateness));
    }

    /// The same check detects a store that is wrong in this way.
    pub async fn is_found_out(&self, twist: &str, actions: u64) {
        let cluster = self.env("LEDGER_TWIST", twist).start();
        let plan = Plan {
            sessions: 2,
            patience: Duration::from_secs(5),
            settle: Duration::from_secs(1),
            look: Duration::from_millis(10),
            ..Plan::default()
        };
        let crowd = Crowd::gather(plan.clone(), cluster.direct()).await;
        crowd.until(actions).await;
        let seen = crowd.finish().await;
        let violations = seen.violations();
        assert!(
            !violations.is_empty(),
            "nobody noticed that the store is wrong: {twist}"
        );
        let name = self.name(twist);
        eprintln!("as it should be: {}", seen.story(name, &plan, &violations));
    }
}

/// How late this machine currently is. A limit in milliseconds means nothing if no process gets to
/// run.
#[derive(Debug)]
struct Lateness(tokio::task::JoinHandle<()>, std::sync::Arc<Mutex<Duration>>);

impl Lateness {
    fn measure() -> Self {
        const STEP: Duration = Duration::from_millis(10);
        let worst = std::sync::Arc::new(Mutex::new(Duration::ZERO));
        let noted = std::sync::Arc::clone(&worst);
        let measuring = tokio::spawn(async move {
            loop {
                let begun = Instant::now();
                sleep(STEP).await;
                let late = begun.elapsed().saturating_sub(STEP);
                let mut worst = noted.lock().expect("nobody panics");
                *worst = late.max(*worst);
            }
        });
        Self(measuring, worst)
    }

    fn worst(self) -> Duration {
        self.0.abort();
        *self.1.lock().expect("nobody panics")
    }
}
