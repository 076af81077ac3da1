//! Random operations.

use proptest::prelude::*;

/// How many documents there are.
pub(super) const KEYS: usize = 4;
/// Their possible owners.
pub(super) const OWNERS: [Option<&str>; 3] = [None, Some("ann"), Some("bob")];

/// One operation. Times are in milliseconds after the operation.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Moves the clock forward.
    Wait(i64),
    Commit(Vec<(usize, Guess, Aim)>),
    Touch(usize, i64),
    Delete(Vec<usize>, i64),
    Sweep(usize),
}

/// The version that a commit expects, relative to the one in the store.
#[derive(Clone, Copy, Debug)]
pub(super) enum Guess {
    Right,
    Absent,
    OtherRevision,
    OtherCommit,
}

/// What a write does.
#[derive(Clone, Debug)]
pub(super) enum Aim {
    Put(Vec<u8>, i64, i64, usize),
    Delete(i64),
    Keep,
}

/// A random series of steps.
pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let guess = prop_oneof![
        6 => Just(Guess::Right),
        1 => Just(Guess::Absent),
        1 => Just(Guess::OtherRevision),
        1 => Just(Guess::OtherCommit),
    ];
    let bytes = proptest::collection::vec(any::<u8>(), 0..8);
    let span = 0..60_i64;
    let aim = prop_oneof![
        6 => (bytes, span.clone(), span.clone(), 0..OWNERS.len())
            .prop_map(|(bytes, idle, absolute, owner)| Aim::Put(bytes, idle, absolute, owner)),
        1 => span.clone().prop_map(Aim::Delete),
        1 => Just(Aim::Keep),
    ];
    let some_keys = proptest::sample::subsequence((0..KEYS).collect::<Vec<_>>(), 1..=KEYS);
    let writes = (
        some_keys.clone(),
        proptest::collection::vec((guess, aim), KEYS),
    );
    let step = prop_oneof![
        2 => (1..20_i64).prop_map(Step::Wait),
        6 => writes.prop_map(|(keys, rest)| {
            let write = |(key, (guess, aim))| (key, guess, aim);
            Step::Commit(keys.into_iter().zip(rest).map(write).collect())
        }),
        2 => (0..KEYS, span.clone()).prop_map(|(key, span)| Step::Touch(key, span)),
        1 => (some_keys, span).prop_map(|(keys, span)| Step::Delete(keys, span)),
        1 => (0..4_usize).prop_map(Step::Sweep),
    ];
    proptest::collection::vec(step, 1..40)
}
