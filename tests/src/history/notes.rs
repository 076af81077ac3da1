//! What the clients of a run saw, each with the moment at which they did.

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
    /// The log as the action left it.
    pub result: Sight,
}

/// A frame that a tab was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which tab.
    pub tab: u64,
    /// Which server showed it.
    pub site: usize,
    /// When.
    pub at: Moment,
    /// When the stream that it came by was opened.
    pub opened: Moment,
    /// What it showed.
    pub sight: Sight,
}

/// A page that was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Whose it is.
    pub session: usize,
    /// Which server answered.
    pub site: usize,
    /// When it was asked for.
    pub asked: Moment,
    /// When it had come.
    pub at: Moment,
    /// What it showed.
    pub sight: Sight,
}

/// An answer that should not be: a refusal, a session that ended, a page that has to be reloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// When it came.
    pub at: Moment,
    /// Who got it and what it was.
    pub what: String,
}

/// A tab was told that its session is not there any more, or a page began a new one in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// When.
    pub at: Moment,
    /// Which session.
    pub session: usize,
    /// Which tab, unless it was a page.
    pub tab: Option<u64>,
    /// Who got it and what it was.
    pub what: String,
}

/// All that was seen of one log, by whoever acts on it or is shown it.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// In no particular order.
    pub acted: Vec<Acted>,
    /// Those of one tab in the order in which it was shown them.
    pub shown: Vec<Shown>,
    /// In no particular order.
    pub pages: Vec<Page>,
    /// What every server showed when all was quiet, and how many entries of each tab.
    pub last: Vec<(Sight, std::collections::BTreeMap<u64, u64>)>,
    /// All tabs that were shown the log, whether they acted or not.
    pub tabs: Vec<u64>,
    /// In no particular order.
    pub strays: Vec<Stray>,
    /// In no particular order. Where nothing may be lost, each of these is a stray.
    pub gone: Vec<Gone>,
    /// When which tab was told that the store has lost something.
    pub losses: Vec<(Moment, u64)>,
}

impl Notes {
    /// Adds what somebody else saw.
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
