//! Pseudo-random choices that are the same in every run with the same seed.

use std::env;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A random number generator with a seed: `SplitMix64`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Dice(u64);

impl Dice {
    /// The generator with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another generator, seeded by this one.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self::new(self.draw())
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to but not including `bound`, which must not be 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound
    }

    /// An index from 0 up to but not including `length`, which must not be 0.
    pub fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("a number below a usize")
    }

    /// True once in `n` times on average.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of several values.
    ///
    /// # Panics
    ///
    /// Panics if there are none.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.place(of.len())]
    }

    /// A time between nothing and twice `mean`.
    pub fn around(&mut self, mean: Duration) -> Duration {
        let micros = u64::try_from(mean.as_micros()).unwrap_or(u64::MAX / 2);
        Duration::from_micros(self.below(micros.saturating_mul(2).max(1)))
    }

    /// Shuffles a list.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.place(last + 1));
        }
    }
}

/// The seeds to try: the usual ones, unless the environment variable `VIA_SEEDS` gives others, such as
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
    fn the_same_seed_gives_the_same_chances_and_all_of_them_come() {
        let (mut one, mut other) = (Dice::new(7), Dice::new(7));
        let drawn: Vec<_> = (0..100).map(|_| one.below(3)).collect();
        assert!(drawn.iter().all(|number| *number == other.below(3)));
        assert!((0..3).all(|number| drawn.contains(&number)));
        assert_ne!(one.fork().draw(), one.fork().draw());
        assert_ne!(Dice::new(1).draw(), Dice::new(2).draw());
    }
}
