//! Random bytes of the operating system's generator.

/// `N` random bytes that nobody can predict.
///
/// # Panics
///
/// Panics if the operating system has no generator, since nothing could be kept safe then.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has a random generator");
    bytes
}
