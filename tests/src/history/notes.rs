//! What the clients of a run observed, each with its moment.

use super::Entry;
use super::book::Sight;

/// A moment, in microseconds since the run began.
pub type Moment = u64;

/// An action that was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acted {
    /// Which action.
    pub entry: Entry,
    /// Which session it belongs to.
    pub session: usize,
    /// Which server acknowledged it.
    pub site: usize,
    /// When it was first sent.
    pub sent: Moment,
    /// When it was acknowledged.
    pub told: Moment,
    /// The revision that the answer named.
    pub revision: u64,
    /// The log after the action.
    pub result: Sight,
}

/// A frame that a tab received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which tab.
    pub tab: u64,
    /// Which server showed it.
    pub site: usize,
    /// When.
    pub at: Moment,
    /// When its stream was opened.
    pub opened: Moment,
    /// What it showed.
    pub sight: Sight,
}

/// A page that was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The session that it belongs to.
    pub session: usize,
    /// Which server answered.
    pub site: usize,
    /// When it was requested.
    pub asked: Moment,
    /// When it had arrived.
    pub at: Moment,
    /// What it showed.
    pub sight: Sight,
}

/// An unexpected answer: a refusal, a session that ended, a page that has to be reloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// When it came.
    pub at: Moment,
    /// Which client got it, and what it was.
    pub what: String,
}

/// A tab was told that its session does not exist any more, or a page began a new session instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// When.
    pub at: Moment,
    /// Which session.
    pub session: usize,
    /// Which tab; nothing if it was a page.
    pub tab: Option<u64>,
    /// Which client got it, and what it was.
    pub what: String,
}

/// Everything that was observed of one log, by all clients that act on it or show it.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// In no particular order.
    pub acted: Vec<Acted>,
    /// The frames of one tab are in the order in which it received them.
    pub shown: Vec<Shown>,
    /// In no particular order.
    pub pages: Vec<Page>,
    /// What every server showed when all was quiet, and how many entries each tab has.
    pub last: Vec<(Sight, std::collections::BTreeMap<u64, u64>)>,
    /// All tabs that were shown the log, whether they acted or not.
    pub tabs: Vec<u64>,
    /// In no particular order.
    pub strays: Vec<Stray>,
    /// In no particular order. If nothing may be lost, each of these is a stray.
    pub gone: Vec<Gone>,
    /// When each tab was told that the store has lost something.
    pub losses: Vec<(Moment, u64)>,
}

impl Notes {
    /// Adds what another client observed.
    pub fn merge(&mut self, other: Self) {
        self.acted.extend(other.acted);
        self.shown.extend(other.shown);
        self.pages.extend(other.pages);
        self.last.extend(other.last);
        self.tabs.extend(other.tabs);
        self.strays.extend(other.strays);
        self.gone.extend(other.gone);
        self.losses.extend(other.losses);
    }
}
