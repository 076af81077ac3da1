//! What a store may lose that does not flush each commit: the last moments before it was cut off.
//!
//! The final state tells which of the acknowledged actions are in the log. Those that are not must
//! have been acknowledged within the window before a crash, and somebody must have been told. All
//! other promises hold for those that are left.

use std::collections::HashMap;
use std::time::Duration;

use super::book::{Sight, fold};
use super::check::{Rule, Violation, check};
use super::notes::{Acted, Moment, Notes};

/// When a store was cut off, and what it may lose.
#[derive(Clone, Debug)]
pub struct Crashes {
    /// The moments before each crash and after it, when the store was there again.
    pub at: Vec<(Moment, Moment)>,
    /// How long before a crash an action may have been acknowledged that is lost.
    pub window: Duration,
}

/// Checks all that was seen of one log, over a store that may lose something; answers how many
/// acknowledged actions it lost.
#[must_use]
pub fn check_with_losses(notes: &Notes, crashes: &Crashes) -> (Vec<Violation>, usize) {
    let kept = survivors(notes);
    let lost: Vec<&Acted> = notes
        .acted
        .iter()
        .filter(|acted| kept.get(&acted.result.count) != Some(&acted.result.fold))
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
    if let Some(first) = lost.first()
        && notes.losses.is_empty()
    {
        found.push(Violation {
            rule: Rule::NoStrays,
            near: first.result.count,
            what: format!("{} actions are lost and nobody was told", lost.len()),
        });
    }
    let is_kept = |sight: &Sight| sight.count == 0 || kept.get(&sight.count) == Some(&sight.fold);
    let mut left = notes.clone();
    left.acted.retain(|acted| is_kept(&acted.result));
    left.shown.retain(|shown| is_kept(&shown.sight));
    left.pages.retain(|page| is_kept(&page.sight));
    found.extend(check(&left));
    (found, lost.len())
}

impl Crashes {
    fn explain(&self, told: Moment) -> bool {
        let window = Moment::try_from(self.window.as_micros()).unwrap_or(Moment::MAX);
        self.at
            .iter()
            .any(|(before, after)| told <= *after && told >= before.saturating_sub(window))
    }
}

/// The hash after each entry of the log that is there in the end, found from its end.
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
        // Of those that claim the place before, the one that this entry was built on.
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

    /// Three actions, of which the second and third were lost in a crash at 40; a fourth follows
    /// upon the first.
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
            (vec![], 2)
        );
    }

    #[test]
    fn what_is_older_may_not() {
        let (found, lost) = check_with_losses(&rolled_back(), &crashes(40, 15));
        assert_eq!((found.len(), lost), (1, 2), "{found:?}");
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
}
