//! Numbers for tests that try many cases: a seed gives the same ones again.

use std::env;

use serde::{Deserialize, Serialize};

/// A stream of numbers that a seed begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Random(u64);

impl Random {
    /// The numbers that belong to `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.draw() % end as u64).expect("a number below a usize")
    }

    /// Whether something happens that happens once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of several.
    pub fn one_of<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }

    /// Puts a list into another order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}

/// The seeds to try: those given, or the ones in the environment variable `VIA_SEEDS`, as in
/// `7` or `100..200`.
#[must_use]
pub fn seeds(usual: impl IntoIterator<Item = u64>) -> Vec<u64> {
    let Ok(own) = env::var("VIA_SEEDS") else {
        return usual.into_iter().collect();
    };
    let number = |text: &str| text.parse().expect("VIA_SEEDS is `7` or `100..200`");
    match own.split_once("..") {
        Some((from, to)) => (number(from)..number(to)).collect(),
        None => vec![number(&own)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_again() {
        let numbers = |seed| {
            let mut random = Random::new(seed);
            [random.draw(), random.draw()]
        };
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
    }
}
