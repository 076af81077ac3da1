//! Whether everything that was observed of a log agrees with one order of all actions.
//!
//! Every action is acknowledged in the end. Its answer says how many entries the log had after it,
//! and the hash over all of them. So the order can be recovered from the answers alone. Every answer,
//! frame and page must then show a prefix of exactly that log.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use super::Entry;
use super::book::{Sight, fold};
use super::notes::{Acted, Moment, Notes};

/// Which promise is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// An index of the log has several actions, or none.
    OneOrder,
    /// The revisions of a session's document have no gaps, and each has one action.
    DenseRevisions,
    /// Each acknowledged action is in the log once.
    Once,
    /// An action saw the whole log before it.
    SawAllBefore,
    /// An action that was acknowledged before another one was sent comes before it in the log.
    RealTime,
    /// Everything that is shown was committed, and is a prefix of the log.
    ShownIsPrefix,
    /// No tab goes backwards.
    NeverBackwards,
    /// Everything that was acknowledged or shown is in every page that is requested later.
    PageHasAll,
    /// All tabs, and all servers, end with the whole log.
    Converges,
    /// No client is refused, sent away or asked to reload.
    NoStrays,
}

/// A promise that was broken, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which promise.
    pub rule: Rule,
    /// Near which entry of the log, counted from 1.
    pub near: u64,
    /// What was observed.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} near entry {}: {}", self.rule, self.near, self.what)
    }
}

/// Checks everything that was observed of one log.
#[must_use]
pub fn check(notes: &Notes) -> Vec<Violation> {
    let mut found = Vec::new();
    let log = Log::recover(notes, &mut found);
    revisions(notes, &mut found);
    real_time(notes, &mut found);
    log.compare(notes, &mut found);
    backwards(notes, &mut found);
    pages(notes, &mut found);
    log.end(notes, &mut found);
    found.extend(notes.strays.iter().map(|stray| Violation {
        rule: Rule::NoStrays,
        near: before(notes, stray.at),
        what: stray.what.clone(),
    }));
    found.extend(notes.gone.iter().map(|gone| Violation {
        rule: Rule::NoStrays,
        near: before(notes, gone.at),
        what: gone.what.clone(),
    }));
    found
}

/// The log as the answers tell it.
struct Log {
    /// The hash after each entry; the first one is the hash of the empty log.
    folds: Vec<u64>,
}

impl Log {
    fn recover(notes: &Notes, found: &mut Vec<Violation>) -> Self {
        let mut places: BTreeMap<u64, Vec<&Acted>> = BTreeMap::new();
        let mut entries = HashSet::new();
        for acted in &notes.acted {
            places.entry(acted.result.count).or_default().push(acted);
            if !entries.insert(acted.entry) {
                found.push(Violation {
                    rule: Rule::Once,
                    near: acted.result.count,
                    what: format!("{} was acknowledged as two actions", acted.entry),
                });
            }
        }
        let mut folds = vec![0];
        for (place, acted) in places {
            let expected = folds.len() as u64;
            if place != expected || acted.len() > 1 {
                let names: Vec<_> = acted.iter().map(|acted| acted.entry.to_string()).collect();
                found.push(Violation {
                    rule: Rule::OneOrder,
                    near: place,
                    what: format!(
                        "entry {place} after {} is of {}",
                        expected - 1,
                        names.join(" and of ")
                    ),
                });
            }
            let before = folds[folds.len() - 1];
            // If two actions claim an index, the one that fits continues the log.
            let fits = acted
                .iter()
                .find(|acted| acted.result.fold == fold(before, acted.entry));
            for acted in &acted {
                if acted.result.fold != fold(before, acted.entry) {
                    found.push(Violation {
                        rule: Rule::SawAllBefore,
                        near: place,
                        what: format!("{} did not see the log before it", acted.entry),
                    });
                }
            }
            let goes_on = fits.unwrap_or(&acted[0]).result.fold;
            // After a gap, check as far as possible: one gap counts as one violation.
            folds.resize(usize::try_from(place).unwrap_or(folds.len()), 0);
            folds.push(goes_on);
        }
        Self { folds }
    }

    fn fold_at(&self, count: u64) -> Option<u64> {
        self.folds.get(usize::try_from(count).ok()?).copied()
    }

    /// Everything that was shown is a prefix.
    fn compare(&self, notes: &Notes, found: &mut Vec<Violation>) {
        let frames = notes.shown.iter().map(|shown| {
            let who = Who::Tab(shown.tab, shown.site);
            (who, shown.at, shown.sight)
        });
        let pages = notes.pages.iter().map(|page| {
            let who = Who::Page(page.session, page.site);
            (who, page.at, page.sight)
        });
        for (who, at, sight) in frames.chain(pages) {
            if self.fold_at(sight.count) != Some(sight.fold) {
                found.push(Violation {
                    rule: Rule::ShownIsPrefix,
                    near: sight.count,
                    what: format!("{who} was shown {sight} at {at} µs, which is no prefix"),
                });
            }
        }
    }

    /// In the end every server and every tab shows the whole log.
    fn end(&self, notes: &Notes, found: &mut Vec<Violation>) {
        let whole = self.folds.len() as u64 - 1;
        let expected = Sight {
            count: whole,
            fold: self.folds[self.folds.len() - 1],
        };
        let mut violate = |what: String| {
            found.push(Violation {
                rule: Rule::Converges,
                near: whole,
                what,
            });
        };
        let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
        for acted in &notes.acted {
            *counts.entry(acted.entry.tab).or_default() += 1;
        }
        for (site, (sight, by_tab)) in notes.last.iter().enumerate() {
            if *sight != expected {
                violate(format!(
                    "in the end server {site} has {sight} and not {expected}"
                ));
            }
            if *by_tab != counts {
                violate(format!(
                    "in the end server {site} has of each tab {by_tab:?} and not {counts:?}"
                ));
            }
        }
        let mut last: HashMap<u64, Sight> = HashMap::new();
        for shown in &notes.shown {
            last.insert(shown.tab, shown.sight);
        }
        for tab in &notes.tabs {
            let shown = last.get(tab).copied().unwrap_or_default();
            if whole > 0 && shown != expected {
                violate(format!(
                    "in the end tab {tab} shows {shown} and not {expected}"
                ));
            }
        }
    }
}

enum Who {
    Tab(u64, usize),
    Page(usize, usize),
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tab(tab, site) => write!(f, "tab {tab} by server {site}"),
            Self::Page(session, site) => write!(f, "session {session} in a page of server {site}"),
        }
    }
}

fn revisions(notes: &Notes, found: &mut Vec<Violation>) {
    let mut sessions: BTreeMap<usize, Vec<&Acted>> = BTreeMap::new();
    for acted in &notes.acted {
        sessions.entry(acted.session).or_default().push(acted);
    }
    for (session, mut acted) in sessions {
        acted.sort_by_key(|acted| acted.revision);
        for (acted, expected) in acted.iter().zip(1..) {
            if acted.revision != expected {
                found.push(Violation {
                    rule: Rule::DenseRevisions,
                    near: acted.result.count,
                    what: format!(
                        "revision {expected} of session {session} is no action's or several'; {} has {}",
                        acted.entry, acted.revision
                    ),
                });
                break;
            }
        }
    }
}

/// Goes through acknowledgements and questions in the order of time. Each question gets the
/// highest index of the log that was known before it was asked.
fn known_before(
    mut told: Vec<(Moment, u64)>,
    mut asked: Vec<(Moment, usize)>,
) -> Vec<(usize, u64)> {
    told.sort_unstable();
    asked.sort_unstable();
    let mut told = told.into_iter().peekable();
    let mut highest = 0;
    let mut answers = Vec::with_capacity(asked.len());
    for (moment, which) in asked {
        while let Some((_, place)) = told.next_if(|(at, _)| *at < moment) {
            highest = highest.max(place);
        }
        answers.push((which, highest));
    }
    answers
}

fn acknowledged(notes: &Notes) -> Vec<(Moment, u64)> {
    let told = notes.acted.iter();
    told.map(|acted| (acted.told, acted.result.count)).collect()
}

fn before(notes: &Notes, at: Moment) -> u64 {
    known_before(acknowledged(notes), vec![(at, 0)])[0].1
}

fn real_time(notes: &Notes, found: &mut Vec<Violation>) {
    let sent = notes.acted.iter().enumerate();
    let sent = sent.map(|(which, acted)| (acted.sent, which)).collect();
    for (which, highest) in known_before(acknowledged(notes), sent) {
        let acted = &notes.acted[which];
        if acted.result.count <= highest {
            found.push(Violation {
                rule: Rule::RealTime,
                near: acted.result.count,
                what: format!(
                    "{} is entry {}, although entry {highest} was acknowledged before it was sent",
                    acted.entry, acted.result.count
                ),
            });
        }
    }
}

fn backwards(notes: &Notes, found: &mut Vec<Violation>) {
    let mut last: HashMap<u64, u64> = HashMap::new();
    for shown in &notes.shown {
        let count = shown.sight.count;
        let before = last.insert(shown.tab, count).unwrap_or_default();
        if count < before {
            found.push(Violation {
                rule: Rule::NeverBackwards,
                near: before,
                what: format!(
                    "tab {} showed {before} entries and then, by server {}, {count}",
                    shown.tab, shown.site
                ),
            });
        }
    }
}

fn pages(notes: &Notes, found: &mut Vec<Violation>) {
    let shown = notes
        .shown
        .iter()
        .map(|shown| (shown.at, shown.sight.count));
    let pages = notes.pages.iter().map(|page| (page.at, page.sight.count));
    let mut told = acknowledged(notes);
    told.extend(shown.chain(pages));
    let asked = notes.pages.iter().enumerate();
    let asked = asked.map(|(which, page)| (page.asked, which)).collect();
    for (which, highest) in known_before(told, asked) {
        let page = &notes.pages[which];
        if page.sight.count < highest {
            found.push(Violation {
                rule: Rule::PageHasAll,
                near: highest,
                what: format!(
                    "server {} loaded a page with {} entries for session {}, although {highest} \
                     were known before it was asked",
                    page.site, page.sight.count, page.session
                ),
            });
        }
    }
}

/// The actions near an index of the log, in the order of the log, for people who look for the cause.
#[must_use]
pub fn neighbours(notes: &Notes, near: u64, each_side: u64) -> Vec<String> {
    let range = near.saturating_sub(each_side)..=near.saturating_add(each_side);
    let mut acted: Vec<_> = notes
        .acted
        .iter()
        .filter(|acted| range.contains(&acted.result.count))
        .collect();
    acted.sort_by_key(|acted| (acted.result.count, acted.told));
    acted
        .into_iter()
        .map(|acted| {
            let Acted { entry: Entry { tab, number }, session, site, sent, told, revision, result } = acted;
            format!(
                "entry {}: {tab}:{number} of session {session}, revision {revision}, sent {sent} µs, \
                 told {told} µs by server {site}, {result}",
                result.count
            )
        })
        .collect()
}

#[cfg(test)]
mod tests;
