//! Many tabs of many sessions that act, look and reload at random servers, and record what they see.
//!
//! Each tab numbers its actions and repeats each one, unchanged, until it has a definite answer. Each
//! session has one stream, which it opens again at any server after every loss, and a client that
//! loads pages all the time.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::notes::{Moment, Notes, Stray};
use crate::client::{Tab, Visitor};
use crate::dice::Dice;
use crate::patience::PATIENCE;

mod actor;
mod looker;
mod watcher;

/// What a crowd does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed of all random choices.
    pub seed: u64,
    /// Which logs the sessions write to.
    pub page: Page,
    /// How many sessions there are.
    pub sessions: usize,
    /// How many tabs each one has.
    pub tabs: u64,
    /// How long a tab waits after an answer, on average.
    pub think: Duration,
    /// How long the client that loads pages waits after a page, on average.
    pub look: Duration,
    /// How long an action is repeated.
    pub patience: Duration,
    /// How long tabs may take to show everything after the last action.
    pub settle: Duration,
    /// Whether all tabs act at the first server and get their streams from the others, which learn
    /// of the actions only by notices.
    pub apart: bool,
}

/// Which logs the sessions write to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// Each session has one.
    Session,
    /// There are this many rooms, and many sessions share each.
    Rooms(usize),
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 0x5eed_5eed_5eed_5eed,
            page: Page::Session,
            sessions: 8,
            tabs: 3,
            think: Duration::ZERO,
            look: Duration::from_millis(100),
            patience: Duration::from_mins(1),
            settle: PATIENCE,
            apart: false,
        }
    }
}

/// A crowd at work.
#[derive(Debug)]
pub struct Crowd {
    shared: Arc<Shared>,
    plan: Plan,
    visitors: Vec<Visitor>,
    actors: JoinSet<(usize, Notes)>,
    others: JoinSet<(usize, Notes)>,
}

/// What a crowd saw.
#[derive(Debug)]
pub struct Seen {
    /// One for each log.
    pub logs: Vec<Notes>,
    /// How many requests of actions were repeated.
    pub repeated: u64,
    /// How long tabs acted.
    pub lasted: Duration,
}

/// No moment yet.
const NEVER: Moment = Moment::MAX;
/// What a tab was told.
const NOTHING: u8 = 0;
const LOSS: u8 = 1;
const GONE: u8 = 2;

/// What all clients know.
#[derive(Debug)]
struct Shared {
    sites: Vec<SocketAddr>,
    begun: Instant,
    enough: AtomicBool,
    quiet: watch::Sender<bool>,
    acted: AtomicU64,
    repeated: AtomicU64,
    /// The highest entry of each log that was acknowledged.
    highest: Vec<AtomicU64>,
    /// What each tab showed last.
    shown: Vec<AtomicU64>,
    /// When the first action of each session was acknowledged.
    first: Vec<AtomicU64>,
    /// What each tab was told of a loss: nothing, that something was lost, or that its session is gone.
    told: Vec<AtomicU8>,
}

/// Identifies a client.
#[derive(Clone, Debug)]
struct Member {
    shared: Arc<Shared>,
    visitor: Visitor,
    session: usize,
    log: usize,
    path: String,
    /// The servers that it asks.
    asks: Range<usize>,
    dice: Dice,
}

impl Crowd {
    /// Starts a crowd at these servers.
    pub async fn gather(plan: Plan, sites: Vec<SocketAddr>) -> Self {
        Self::gather_by(plan, sites.clone(), sites).await
    }

    /// Starts a crowd at these servers. It then uses the addresses `sites`, on which requests may fail.
    pub async fn gather_by(plan: Plan, begin: Vec<SocketAddr>, sites: Vec<SocketAddr>) -> Self {
        let logs = match plan.page {
            Page::Session => plan.sessions,
            Page::Rooms(rooms) => rooms,
        };
        let tabs = plan.sessions as u64 * plan.tabs;
        let shared = Arc::new(Shared {
            sites,
            begun: Instant::now(),
            enough: AtomicBool::new(false),
            quiet: watch::Sender::new(false),
            acted: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
            highest: (0..logs).map(|_| AtomicU64::new(0)).collect(),
            shown: (0..tabs).map(|_| AtomicU64::new(0)).collect(),
            first: (0..plan.sessions).map(|_| AtomicU64::new(NEVER)).collect(),
            told: (0..tabs).map(|_| AtomicU8::new(NOTHING)).collect(),
        });
        let mut crowd = Self {
            shared,
            plan,
            visitors: Vec::new(),
            actors: JoinSet::new(),
            others: JoinSet::new(),
        };
        let mut dice = Dice::new(crowd.plan.seed);
        for session in 0..crowd.plan.sessions {
            crowd.join(session, dice.fork(), &begin).await;
        }
        crowd
    }

    /// Starts a session.
    async fn join(&mut self, session: usize, mut dice: Dice, begin: &[SocketAddr]) {
        let log = session % self.shared.highest.len();
        let path = path(&self.plan, log);
        let visitor = Visitor::new(dice.pick(begin));
        visitor.get(&path).await.assert_ok();
        let mut documents: Vec<(u64, Arc<Tab>)> = Vec::new();
        for place in 0..self.plan.tabs {
            let tab = session as u64 * self.plan.tabs + place;
            documents.push((tab, Arc::new(visitor.attach(&path).await)));
        }
        let all = 0..self.shared.sites.len();
        let (first, rest) = if self.plan.apart {
            (0..1, 1..all.end)
        } else {
            (all.clone(), all.clone())
        };
        let mut member = |asks: &Range<usize>| Member {
            shared: Arc::clone(&self.shared),
            visitor: visitor.clone(),
            session,
            log,
            path: path.clone(),
            asks: asks.clone(),
            dice: dice.fork(),
        };
        for (tab, document) in documents.clone() {
            self.actors
                .spawn(actor::act(member(&first), self.plan.clone(), tab, document));
        }
        self.others.spawn(watcher::watch(member(&rest), documents));
        self.others
            .spawn(looker::look(member(&all), self.plan.look));
        self.visitors.push(visitor);
    }

    /// The present moment of this run.
    pub fn now(&self) -> Moment {
        self.shared.now()
    }

    /// How many actions were acknowledged so far.
    pub fn acted(&self) -> u64 {
        self.shared.acted.load(Ordering::SeqCst)
    }

    /// Waits until this many actions were acknowledged in all.
    pub async fn until(&self, actions: u64) {
        let mut last = (self.acted(), Instant::now());
        while self.acted() < actions && !self.actors.is_empty() {
            sleep(Duration::from_millis(5)).await;
            if self.acted() != last.0 {
                last = (self.acted(), Instant::now());
            }
            // A client that gave up has noted it: the check tells more than a panic here.
            if last.1.elapsed() > self.plan.patience {
                return;
            }
        }
    }

    /// Waits until this many more actions were acknowledged.
    pub async fn until_more(&self, actions: u64) {
        self.until(self.acted() + actions).await;
    }

    /// Waits until every session has an acknowledged action of this age.
    pub async fn until_older_than(&self, age: Duration) {
        let age = micros(age);
        let is_older = |first: &AtomicU64| {
            let first = first.load(Ordering::SeqCst);
            first != NEVER && self.now() > first.saturating_add(age)
        };
        self.wait_while(|shared| !shared.first.iter().all(is_older))
            .await;
    }

    /// Waits until every tab shows an action.
    pub async fn until_all_show_something(&self) {
        let shows_nothing = |shown: &AtomicU64| shown.load(Ordering::SeqCst) == 0;
        self.wait_while(|shared| shared.shown.iter().any(shows_nothing))
            .await;
    }

    /// Waits until every tab was told of a loss.
    pub async fn until_all_are_told(&self) {
        let knows_nothing = |told: &AtomicU8| told.load(Ordering::SeqCst) == NOTHING;
        self.wait_while(|shared| shared.told.iter().any(knows_nothing))
            .await;
    }

    /// Waits for as long as anything may take. The check reports what is missing then better than a
    /// panic here.
    async fn wait_while(&self, mut is_so: impl FnMut(&Shared) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while is_so(&self.shared) && Instant::now() < deadline {
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// The store has lost its latest commits: no tab has to show them any more.
    pub fn forget_what_was_acknowledged(&self) {
        for highest in &self.shared.highest {
            highest.store(0, Ordering::SeqCst);
        }
    }

    /// Lets all clients finish what they began, waits until all is quiet, and looks at every server.
    pub async fn finish(mut self) -> Seen {
        self.shared.enough.store(true, Ordering::SeqCst);
        let mut logs: Vec<Notes> = vec![Notes::default(); self.shared.highest.len()];
        while let Some(done) = self.actors.join_next().await {
            let (log, notes) = done.expect("an actor does not panic");
            logs[log].merge(notes);
        }
        let lasted = self.shared.begun.elapsed();
        let deadline = Instant::now() + self.plan.settle;
        while !self.everybody_shows_everything() && Instant::now() < deadline {
            sleep(Duration::from_millis(2)).await;
        }
        self.shared.quiet.send_replace(true);
        while let Some(done) = self.others.join_next().await {
            let (log, notes) = done.expect("nobody panics");
            logs[log].merge(notes);
        }
        for (log, notes) in logs.iter_mut().enumerate() {
            let path = path(&self.plan, log);
            for site in &self.shared.sites {
                let seen = looker::look_once(*site, &self.visitors[log], &path);
                match timeout(PATIENCE, seen).await {
                    Ok(last) => notes.last.push(last),
                    Err(_) => notes.strays.push(Stray {
                        at: self.shared.now(),
                        what: format!("in the end {site} shows no page"),
                    }),
                }
            }
        }
        Seen {
            logs,
            repeated: self.shared.repeated.load(Ordering::SeqCst),
            lasted,
        }
    }

    fn everybody_shows_everything(&self) -> bool {
        self.shared.shown.iter().enumerate().all(|(tab, shown)| {
            if self.shared.is_gone(tab as u64) {
                return true;
            }
            let session = tab as u64 / self.plan.tabs;
            let log = usize::try_from(session).unwrap_or(0) % self.shared.highest.len();
            shown.load(Ordering::SeqCst) >= self.shared.highest[log].load(Ordering::SeqCst)
        })
    }
}

impl Member {
    /// A random one of the servers that it asks.
    fn site(&mut self) -> usize {
        self.asks.start + self.dice.place(self.asks.len())
    }
}

impl Shared {
    fn now(&self) -> Moment {
        micros(self.begun.elapsed())
    }

    /// An action of a session was acknowledged.
    fn begin(&self, session: usize, at: Moment) {
        self.first[session].fetch_min(at, Ordering::SeqCst);
    }

    /// A tab was told of a loss.
    fn tell(&self, tab: u64, is_gone: bool) {
        if let Some(told) = self.told_of(tab) {
            told.fetch_max(if is_gone { GONE } else { LOSS }, Ordering::SeqCst);
        }
    }

    /// Whether a tab was told that its session is gone, and therefore does nothing any more.
    fn is_gone(&self, tab: u64) -> bool {
        self.told_of(tab)
            .is_some_and(|told| told.load(Ordering::SeqCst) == GONE)
    }

    fn told_of(&self, tab: u64) -> Option<&AtomicU8> {
        self.told.get(usize::try_from(tab).ok()?)
    }
}

fn micros(time: Duration) -> Moment {
    Moment::try_from(time.as_micros()).unwrap_or(Moment::MAX)
}

fn path(plan: &Plan, log: usize) -> String {
    match plan.page {
        Page::Session => "/".to_owned(),
        Page::Rooms(_) => format!("/room/{log}"),
    }
}
