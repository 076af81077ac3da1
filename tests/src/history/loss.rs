//! What a store may lose if it does not flush each commit: the last moments before it was cut off.
//!
//! The final state tells which of the acknowledged actions are in the log. The others must have been
//! acknowledged within the window before a crash, and a tab must have been told. All other promises
//! hold for the actions that are left.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::book::{Sight, fold};
use super::check::{Rule, Violation, check};
use super::notes::{Acted, Gone, Moment, Notes};

/// When a store was cut off, and what it may lose.
#[derive(Clone, Debug)]
pub struct Crashes {
    /// For each crash, the moments before it and after it, when the store was available again.
    pub at: Vec<(Moment, Moment)>,
    /// An action may be lost if it was acknowledged at most this long before a crash.
    pub window: Duration,
}

/// What a store lost, and was allowed to lose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// How many acknowledged actions.
    pub actions: usize,
    /// How many sessions of which nothing is left.
    pub sessions: usize,
}

/// Checks everything that was observed of one log, if the store may lose something.
///
/// Each tab that was shown a lost action must have been told that something was lost or, if nothing is
/// left of its session, that the session is gone.
#[must_use]
pub fn check_with_losses(notes: &Notes, crashes: &Crashes) -> (Vec<Violation>, Losses) {
    let kept = survivors(notes);
    let is_kept = |sight: &Sight| sight.count == 0 || kept.get(&sight.count) == Some(&sight.fold);
    let lost: Vec<&Acted> = notes
        .acted
        .iter()
        .filter(|acted| !is_kept(&acted.result))
        .collect();
    let mut found = Vec::new();
    for acted in &lost {
        if !crashes.explain(acted.told) {
            found.push(Violation {
                rule: Rule::Once,
                near: acted.result.count,
                what: format!(
                    "{} was acknowledged at {} µs and is lost, which no crash explains: {:?}",
                    acted.entry, acted.told, crashes.at
                ),
            });
        }
    }
    let mut left = notes.clone();
    left.acted.retain(|acted| is_kept(&acted.result));
    left.shown.retain(|shown| is_kept(&shown.sight));
    left.pages.retain(|page| is_kept(&page.sight));
    // A session is gone if nothing is left of its actions before the crash. These were then
    // acknowledged within the window; otherwise the check has reported them above.
    let ended = |session: usize, at: Moment| {
        let of_it = |acted: &&Acted| acted.session == session;
        crashes.last_before(at).is_some_and(|(before, after)| {
            let mut lost = lost.iter().copied().filter(of_it);
            let mut kept = left.acted.iter().filter(of_it);
            lost.any(|acted| acted.told <= after) && !kept.any(|acted| acted.told <= before)
        })
    };
    let (ended, strays): (Vec<Gone>, Vec<Gone>) = notes
        .gone
        .iter()
        .cloned()
        .partition(|gone| ended(gone.session, gone.at));
    left.gone = strays;
    let sessions: HashSet<usize> = ended.iter().map(|gone| gone.session).collect();
    let gone: HashSet<u64> = ended.iter().filter_map(|gone| gone.tab).collect();
    // Such a tab shows nothing any more.
    left.tabs.retain(|tab| !gone.contains(tab));
    let mut checked = HashSet::new();
    for shown in notes.shown.iter().filter(|shown| !is_kept(&shown.sight)) {
        let was_told = notes.losses.iter().any(|(_, tab)| *tab == shown.tab);
        if checked.insert(shown.tab) && !was_told && !gone.contains(&shown.tab) {
            found.push(Violation {
                rule: Rule::NoStrays,
                near: shown.sight.count,
                what: format!("tab {} showed what is lost and was not told", shown.tab),
            });
        }
    }
    if let Some(first) = lost.first()
        && notes.losses.is_empty()
        && ended.is_empty()
    {
        found.push(Violation {
            rule: Rule::NoStrays,
            near: first.result.count,
            what: format!("{} actions are lost and nobody was told", lost.len()),
        });
    }
    found.extend(check(&left));
    let losses = Losses {
        actions: lost.len(),
        sessions: sessions.len(),
    };
    (found, losses)
}

impl Crashes {
    /// No crashes yet, of a store that may lose what was acknowledged within `window` before a crash.
    #[must_use]
    pub fn within(window: Duration) -> Self {
        Self {
            at: Vec::new(),
            window,
        }
    }

    fn explain(&self, told: Moment) -> bool {
        let window = Moment::try_from(self.window.as_micros()).unwrap_or(Moment::MAX);
        self.at
            .iter()
            .any(|(before, after)| told <= *after && told >= before.saturating_sub(window))
    }

    fn last_before(&self, at: Moment) -> Option<(Moment, Moment)> {
        let begun = self.at.iter().filter(|(before, _)| *before <= at);
        begun.copied().max()
    }
}

/// The hash after each entry of the final log, found from its end.
fn survivors(notes: &Notes) -> HashMap<u64, u64> {
    let mut places: HashMap<u64, Vec<&Acted>> = HashMap::new();
    for acted in &notes.acted {
        places.entry(acted.result.count).or_default().push(acted);
    }
    let mut kept = HashMap::new();
    let Some((
        Sight {
            mut count,
            fold: mut hash,
        },
        _,
    )) = notes.last.first().cloned()
    else {
        return kept;
    };
    while count > 0 {
        kept.insert(count, hash);
        let none = Vec::new();
        let before = places.get(&(count - 1)).unwrap_or(&none);
        let own = places.get(&count).unwrap_or(&none);
        // Of the actions that claim the index before, take the one on which this entry was built.
        let found = own
            .iter()
            .filter(|acted| acted.result.fold == hash)
            .find_map(|acted| {
                if count == 1 {
                    return Some(0);
                }
                let fits = |one: &&&Acted| fold(one.result.fold, acted.entry) == hash;
                before.iter().find(fits).map(|one| one.result.fold)
            });
        let Some(earlier) = found else {
            return kept;
        };
        hash = earlier;
        count -= 1;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Entry;
    use crate::history::book::Book;
    use crate::history::notes::Shown;

    /// Three actions: the second and third were lost in a crash at 40. A fourth follows the first.
    fn rolled_back() -> Notes {
        let mut notes = Notes::default();
        let mut book = Book::default();
        let mut act = |book: &mut Book, number: u64, told: Moment| {
            book.add(1, number);
            notes.acted.push(Acted {
                entry: Entry { tab: 1, number },
                session: 0,
                site: 0,
                sent: told - 1,
                told,
                revision: book.sight().count,
                result: book.sight(),
            });
        };
        act(&mut book, 1, 10);
        let mut lost = book.clone();
        act(&mut lost, 2, 20);
        act(&mut lost, 3, 30);
        act(&mut book, 4, 60);
        notes.last = vec![(book.sight(), [(1, 2)].into())];
        notes.losses = vec![(55, 1)];
        notes
    }

    fn losses(actions: usize, sessions: usize) -> Losses {
        Losses { actions, sessions }
    }

    fn crashes(before: Moment, window: u64) -> Crashes {
        Crashes {
            at: vec![(before, before + 5)],
            window: Duration::from_micros(window),
        }
    }

    #[test]
    fn what_a_crash_explains_may_be_lost() {
        assert_eq!(
            check_with_losses(&rolled_back(), &crashes(40, 20)),
            (vec![], losses(2, 0))
        );
    }

    #[test]
    fn what_is_older_may_not() {
        let (found, lost) = check_with_losses(&rolled_back(), &crashes(40, 15));
        assert_eq!((found.len(), lost), (1, losses(2, 0)), "{found:?}");
        let (found, _) = check_with_losses(&rolled_back(), &crashes(15, 20));
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn a_loss_has_to_be_told() {
        let mut notes = rolled_back();
        notes.losses.clear();
        let (found, _) = check_with_losses(&notes, &crashes(40, 20));
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn each_tab_that_showed_what_is_lost_has_to_be_told() {
        let mut notes = rolled_back();
        let lost = notes.acted[2].result;
        let shown = |tab, at, sight| Shown {
            tab,
            site: 0,
            at,
            opened: 0,
            sight,
        };
        notes.shown = vec![shown(2, 31, lost), shown(2, 61, notes.acted[3].result)];
        let (found, _) = check_with_losses(&notes, &crashes(40, 20));
        assert_eq!(found.len(), 1, "{found:?}");
        notes.losses.push((55, 2));
        let (found, _) = check_with_losses(&notes, &crashes(40, 20));
        assert_eq!(found, []);
    }

    /// Like above, but the first action is lost too, and the tab was told that its session is gone.
    fn all_lost() -> Notes {
        let mut notes = rolled_back();
        notes.acted.pop();
        notes.last = vec![(Sight::default(), [].into())];
        notes.losses.clear();
        notes.tabs = vec![1];
        notes.gone = vec![Gone {
            at: 55,
            session: 0,
            tab: Some(1),
            what: "gone".into(),
        }];
        notes
    }

    #[test]
    fn a_session_that_began_within_the_window_may_be_gone() {
        assert_eq!(
            check_with_losses(&all_lost(), &crashes(40, 30)),
            (vec![], losses(3, 1))
        );
    }

    #[test]
    fn a_session_that_is_older_or_did_not_crash_may_not() {
        let (found, _) = check_with_losses(&all_lost(), &crashes(40, 20));
        assert_eq!(found.len(), 1, "{found:?}");
        let mut notes = rolled_back();
        notes.gone = all_lost().gone;
        let (found, _) = check_with_losses(&notes, &crashes(40, 20));
        assert_eq!(found.len(), 1, "the first action is left: {found:?}");
        let mut notes = all_lost();
        notes.gone[0].at = 39;
        let (found, _) = check_with_losses(&notes, &crashes(40, 30));
        assert_eq!(found[0].rule, Rule::NoStrays, "{found:?}");
    }
}
