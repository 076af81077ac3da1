use super::super::notes::{Gone, Page, Shown, Stray};
use super::*;
use crate::history::book::Book;

/// A correct run of two tabs of one session: action `n` is sent at `10 n`, and acknowledged, shown and
/// in a page a little later.
fn right() -> Notes {
    let mut book = Book::default();
    let mut notes = Notes {
        tabs: vec![1, 2],
        ..Notes::default()
    };
    for place in 1..=6 {
        let entry = Entry {
            tab: 1 + place % 2,
            number: place.div_ceil(2),
        };
        book.add(entry.tab, entry.number);
        let at = place * 10;
        notes.acted.push(Acted {
            entry,
            session: 0,
            site: 0,
            sent: at,
            told: at + 3,
            revision: place,
            result: book.sight(),
        });
        notes.shown.extend([1, 2].map(|tab| Shown {
            tab,
            site: 1,
            at: at + 4,
            opened: 0,
            sight: book.sight(),
        }));
        notes.pages.push(Page {
            session: 0,
            site: 1,
            asked: at + 5,
            at: at + 6,
            sight: book.sight(),
        });
    }
    notes.last = vec![(book.sight(), [(1, 3), (2, 3)].into()); 2];
    notes
}

fn rules(notes: &Notes) -> Vec<Rule> {
    let mut rules: Vec<_> = check(notes)
        .iter()
        .map(|violation| violation.rule)
        .collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

#[track_caller]
fn finds(rule: Rule, change: impl FnOnce(&mut Notes)) {
    let mut notes = right();
    change(&mut notes);
    let found = rules(&notes);
    assert!(found.contains(&rule), "{rule:?} is not among {found:?}");
}

#[test]
fn a_run_that_is_right_is_found_right() {
    assert_eq!(check(&right()), []);
    assert_eq!(check(&Notes::default()), []);
}

#[test]
fn an_acknowledged_action_that_is_missing_is_found() {
    // It was overwritten: the next action has its index in the log, and saw nothing of it.
    finds(Rule::OneOrder, |notes| {
        let before = notes.acted[2].result;
        notes.acted[4].result = Sight {
            count: 4,
            fold: fold(before.fold, notes.acted[4].entry),
        };
    });
    // It was acknowledged and never reached the store.
    finds(Rule::Converges, |notes| {
        notes.last[1].0 = notes.acted[4].result;
    });
    finds(Rule::Converges, |notes| {
        notes.last[1].1.insert(1, 2);
    });
}

#[test]
fn an_action_that_took_effect_twice_is_found() {
    // No client was told of entry 4.
    finds(Rule::OneOrder, |notes| {
        notes.acted.remove(3);
    });
    finds(Rule::Once, |notes| {
        notes.acted[3].entry = notes.acted[1].entry;
    });
}

#[test]
fn a_revision_that_is_two_actions_or_none_is_found() {
    finds(Rule::DenseRevisions, |notes| notes.acted[3].revision = 3);
    finds(Rule::DenseRevisions, |notes| notes.acted[5].revision = 7);
}

#[test]
fn an_action_that_did_not_see_the_one_before_it_is_found() {
    finds(Rule::SawAllBefore, |notes| notes.acted[3].result.fold ^= 1);
}

#[test]
fn an_order_against_time_is_found() {
    finds(Rule::RealTime, |notes| {
        notes.acted[1].sent = 80;
        notes.acted[1].told = 90;
    });
}

#[test]
fn what_was_shown_and_never_committed_is_found() {
    finds(Rule::ShownIsPrefix, |notes| notes.shown[4].sight.fold ^= 1);
    finds(Rule::ShownIsPrefix, |notes| notes.pages[4].sight.count = 9);
}

#[test]
fn a_tab_that_goes_backwards_is_found() {
    finds(Rule::NeverBackwards, |notes| notes.shown.swap(4, 8));
}

#[test]
fn a_page_that_lacks_what_was_acknowledged_is_found() {
    finds(Rule::PageHasAll, |notes| {
        notes.pages[4].sight = notes.acted[3].result;
    });
}

#[test]
fn a_tab_that_stays_behind_is_found() {
    finds(Rule::Converges, |notes| {
        notes.shown.pop();
    });
    finds(Rule::Converges, |notes| notes.tabs.push(3));
}

#[test]
fn an_answer_that_should_not_be_is_found() {
    finds(Rule::NoStrays, |notes| {
        notes.strays.push(Stray {
            at: 12,
            what: "stale_page".into(),
        });
    });
    finds(Rule::NoStrays, |notes| {
        notes.gone.push(Gone {
            at: 12,
            session: 0,
            tab: Some(1),
            what: "session_gone".into(),
        });
    });
}

#[test]
fn the_actions_near_a_place_are_told_in_order() {
    let told = neighbours(&right(), 3, 1);
    assert_eq!(told.len(), 3);
    assert!(told[0].starts_with("entry 2: 1:1 of session 0"), "{told:?}");
}
