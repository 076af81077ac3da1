//! Random bytes of the operating system's generator.

use std::{cell::RefCell, time::Duration};

/// How many bytes are asked for in advance.
const AHEAD: usize = 512;

thread_local! {
    /// Bytes, and how many of them were handed out.
    static ASKED_FOR: RefCell<([u8; AHEAD], usize)> = const { RefCell::new(([0; AHEAD], AHEAD)) };
}

/// `N` random bytes that nobody can predict.
///
/// # Panics
///
/// Panics if the operating system has no generator, since nothing could be kept safe then.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// `N` random bytes for ids, which are not secret. They are read from the system in larger pieces.
///
/// # Panics
///
/// As [`random`].
pub(crate) fn random_id<const N: usize>() -> [u8; N] {
    const { assert!(N <= AHEAD) };
    ASKED_FOR.with_borrow_mut(|(ahead, used)| {
        if *used + N > AHEAD {
            fill(ahead);
            *used = 0;
        }
        let mut bytes = [0; N];
        bytes.copy_from_slice(&ahead[*used..*used + N]);
        *used += N;
        bytes
    })
}

/// A duration give or take `percent` of it, so that many who wait for it do not act at once.
pub(crate) fn spread(duration: Duration, percent: u32) -> Duration {
    let share = f64::from(u16::from_le_bytes(random())) / f64::from(u16::MAX) * 2.0 - 1.0;
    duration.mul_f64(1.0 + share * f64::from(percent) / 100.0)
}

fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system has a random generator");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_id_comes_twice() {
        let ids: HashSet<[u8; 16]> = (0..1_000).map(|_| random_id()).collect();
        assert_eq!(ids.len(), 1_000);
    }
}
