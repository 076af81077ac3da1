//! The state of the page of a history check: a log of any length, folded so that it stays small.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Entry;

/// The fold of a log: how many entries it has, a hash over all of them in their order, the last
/// one, and how many each tab sent.
///
/// Two logs with the same hash are equal. So a check that knows all entries can tell from what a tab
/// shows whether that is a prefix of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    count: u64,
    fold: u64,
    last: (u64, u64),
    by_tab: BTreeMap<u64, u64>,
}

/// What an answer or a page shows of a [`Book`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// How many entries the log has.
    pub count: u64,
    /// The hash over all of them.
    pub fold: u64,
}

impl Book {
    /// Appends an entry.
    pub fn add(&mut self, tab: u64, number: u64) {
        self.count += 1;
        self.fold = fold(self.fold, Entry { tab, number });
        self.last = (tab, number);
        *self.by_tab.entry(tab).or_default() += 1;
    }

    /// What an answer or a page shows of it.
    #[must_use]
    pub fn sight(&self) -> Sight {
        Sight {
            count: self.count,
            fold: self.fold,
        }
    }
}

/// The hash of a log, from the hash of the log before and the last entry.
#[must_use]
pub fn fold(before: u64, Entry { tab, number }: Entry) -> u64 {
    // The finalizer of SplitMix64: every bit of the input changes half of the output.
    let mut mixed = before
        .rotate_left(5)
        .wrapping_add(tab.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_add(number.wrapping_mul(0xd1b5_4a32_d192_ed03))
        .wrapping_add(1);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Sight {
    /// Finds what a page, an event of a stream or an answer shows.
    #[must_use]
    pub fn find(bytes: &[u8]) -> Option<Self> {
        const MARK: &[u8] = b"book=";
        let at = bytes.windows(MARK.len()).position(|part| part == MARK)? + MARK.len();
        let rest = &bytes[at..];
        let end = rest
            .iter()
            .position(|byte| !byte.is_ascii_hexdigit() && *byte != b':')?;
        let (count, fold) = str::from_utf8(&rest[..end]).ok()?.split_once(':')?;
        Some(Self {
            count: count.parse().ok()?,
            fold: u64::from_str_radix(fold, 16).ok()?,
        })
    }

    /// How many entries of each tab a page shows.
    #[must_use]
    pub fn by_tab(bytes: &[u8]) -> BTreeMap<u64, u64> {
        let text = String::from_utf8_lossy(bytes);
        let shown = text
            .split_once("tabs=")
            .and_then(|(_, rest)| rest.split_once(';'))
            .map_or("", |(shown, _)| shown);
        shown
            .split(',')
            .filter_map(|pair| pair.split_once(':'))
            .filter_map(|(tab, count)| Some((tab.parse().ok()?, count.parse().ok()?)))
            .collect()
    }
}

impl fmt::Display for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "book={}:{:x};", self.count, self.fold)
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} last={}:{}; tabs=",
            self.sight(),
            self.last.0,
            self.last.1
        )?;
        for (tab, count) in &self.by_tab {
            write!(f, "{tab}:{count},")?;
        }
        f.write_str(";")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_book_shows_is_found_again() {
        let mut book = Book::default();
        book.add(7, 1);
        book.add(8, 1);
        book.add(7, 2);
        let html = format!("<p>x</p><output id=\"book\">{book}</output>");
        assert_eq!(Sight::find(html.as_bytes()), Some(book.sight()));
        let by_tab = Sight::by_tab(html.as_bytes());
        assert_eq!(by_tab.into_iter().collect::<Vec<_>>(), [(7, 2), (8, 1)]);
        let answer = format!("{{\"text\":\"{}\"}}", book.sight());
        assert_eq!(Sight::find(answer.as_bytes()), Some(book.sight()));
        assert_eq!(Sight::find(b"<p>nothing</p>"), None);
    }

    #[test]
    fn the_hash_knows_the_order() {
        let (mut one, mut other) = (Book::default(), Book::default());
        one.add(1, 1);
        one.add(2, 1);
        other.add(2, 1);
        other.add(1, 1);
        assert_ne!(one.sight(), other.sight());
    }
}
