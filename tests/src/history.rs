//! Whether a log that a session kept of itself agrees with what its tabs were told.
//!
//! The page of such a test appends one entry per action: the tab that sent it, and its number. Each
//! action is one commit, so the action that made revision `n` is entry `n` of the log.

pub mod book;
pub mod check;
pub mod crowd;
mod log_out;
pub mod loss;
pub mod notes;
pub mod pace;
pub mod report;
pub mod scenario;
mod store_faults;

use std::collections::HashMap;
use std::fmt;

/// An action as recorded in the log of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Which tab of the session sent it.
    pub tab: u64,
    /// The number under which the tab sent it: 1, then one more each time.
    pub number: u64,
}

/// An action that was acknowledged, with the revision that the answer named.
#[derive(Clone, Copy, Debug)]
pub struct Acknowledged {
    /// Which action.
    pub entry: Entry,
    /// At which revision it was committed.
    pub revision: u64,
}

/// Something that must not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// It was acknowledged and is not in the log.
    Missing(Entry),
    /// It is in the log more than once.
    Doubled(Entry),
    /// It is in the log, but before an action that its tab sent earlier, or without it.
    OutOfOrder(Entry),
    /// It was acknowledged with a revision that belongs to another action.
    AnothersRevision(Entry, u64),
    /// It was acknowledged with a revision that is not after that of the tab's previous action.
    Backwards(Entry, u64),
    /// It is in the log but was not acknowledged, although its tab got an answer to all that it sent.
    Unasked(Entry),
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.tab, self.number)
    }
}

impl Entry {
    /// Reads entries that were written with spaces between them.
    #[must_use]
    #[track_caller]
    pub fn all(text: &str) -> Vec<Self> {
        let number = |part: &str| part.parse().expect("a number of the log");
        text.split_whitespace()
            .map(|entry| {
                let (tab, at) = entry.split_once(':').expect("`tab:number`");
                Self {
                    tab: number(tab),
                    number: number(at),
                }
            })
            .collect()
    }
}

/// Compares the log of a session with everything that its tabs were told. The acknowledgements of a
/// tab are in the order in which it got them; each tab went on until it knew the outcome of all its actions.
#[must_use]
pub fn violations(log: &[Entry], told: &[Acknowledged]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut times: HashMap<Entry, usize> = HashMap::new();
    let mut last: HashMap<u64, u64> = HashMap::new();
    for entry in log {
        let times = times.entry(*entry).or_default();
        *times += 1;
        if *times > 1 {
            found.push(Violation::Doubled(*entry));
            continue;
        }
        let last = last.entry(entry.tab).or_default();
        if entry.number != *last + 1 {
            found.push(Violation::OutOfOrder(*entry));
        }
        *last = entry.number.max(*last);
    }
    let mut revisions: HashMap<u64, u64> = HashMap::new();
    for Acknowledged { entry, revision } in told {
        if times.remove(entry).is_none() {
            found.push(Violation::Missing(*entry));
        }
        let index = usize::try_from(*revision)
            .ok()
            .and_then(|at| at.checked_sub(1));
        if index.and_then(|index| log.get(index)) != Some(entry) {
            found.push(Violation::AnothersRevision(*entry, *revision));
        }
        if let Some(before) = revisions.insert(entry.tab, *revision)
            && before >= *revision
        {
            found.push(Violation::Backwards(*entry, *revision));
        }
    }
    found.extend(times.into_keys().map(Violation::Unasked));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(entries: &[(&str, u64)]) -> Vec<Acknowledged> {
        let acknowledged = |(entry, revision): &(&str, u64)| Acknowledged {
            entry: Entry::all(entry)[0],
            revision: *revision,
        };
        entries.iter().map(acknowledged).collect()
    }

    fn check(log: &str, entries: &[(&str, u64)]) -> Vec<Violation> {
        violations(&Entry::all(log), &told(entries))
    }

    fn entry(text: &str) -> Entry {
        Entry::all(text)[0]
    }

    const TOLD: [(&str, u64); 4] = [("1:1", 1), ("2:1", 2), ("1:2", 3), ("1:3", 4)];

    #[test]
    fn a_log_that_has_all_once_and_in_order_is_right() {
        assert_eq!(check("1:1 2:1 1:2 1:3", &TOLD), []);
    }

    #[test]
    fn an_action_that_was_acknowledged_and_lost_is_found() {
        assert_eq!(
            check("1:1 2:1 1:2", &TOLD),
            [
                Violation::Missing(entry("1:3")),
                Violation::AnothersRevision(entry("1:3"), 4)
            ]
        );
        let found = check("1:1 1:2 1:3", &TOLD);
        assert!(
            found.contains(&Violation::Missing(entry("2:1"))),
            "{found:?}"
        );
    }

    #[test]
    fn an_action_that_took_effect_twice_is_found() {
        assert_eq!(
            check("1:1 2:1 1:2 1:3 2:1", &TOLD),
            [Violation::Doubled(entry("2:1"))]
        );
        let found = check("1:1 1:1 2:1 1:2 1:3", &TOLD);
        assert!(
            found.contains(&Violation::Doubled(entry("1:1"))),
            "{found:?}"
        );
    }

    #[test]
    fn actions_of_a_tab_in_another_order_are_found() {
        let found = check("1:1 2:1 1:3 1:2", &TOLD);
        for later in ["1:3", "1:2"] {
            let violation = Violation::OutOfOrder(entry(later));
            assert!(found.contains(&violation), "{found:?}");
        }
    }

    #[test]
    fn a_revision_that_went_back_is_found() {
        let told = [("1:1", 1), ("2:1", 2), ("1:2", 1), ("1:3", 4)];
        assert_eq!(
            check("1:1 2:1 1:2 1:3", &told),
            [
                Violation::AnothersRevision(entry("1:2"), 1),
                Violation::Backwards(entry("1:2"), 1)
            ]
        );
    }

    #[test]
    fn an_action_that_nobody_knows_of_is_found() {
        assert_eq!(
            check("1:1 2:1 1:2 1:3 3:1", &TOLD),
            [Violation::Unasked(entry("3:1"))]
        );
    }
}
