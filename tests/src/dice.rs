//! Chances that nobody has chosen, and that are the same in every run with the same seed.

use std::time::Duration;

/// An xorshift generator.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The chances of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// Chances of its own for somebody else.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self::new(self.next().wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The upper bits are the better ones.
        (self.next() >> 16) % bound
    }

    /// One of several.
    ///
    /// # Panics
    ///
    /// Panics if there is none.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let at = self.below(of.len() as u64);
        of[usize::try_from(at).expect("below the length")]
    }

    /// A time between nothing and twice `mean`.
    pub fn around(&mut self, mean: Duration) -> Duration {
        let micros = u64::try_from(mean.as_micros()).unwrap_or(u64::MAX / 2);
        Duration::from_micros(self.below(micros.saturating_mul(2).max(1)))
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
        assert_ne!(one.fork().below(u64::MAX), one.fork().below(u64::MAX));
    }
}
