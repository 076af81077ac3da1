//! Counts the stored values that this build cannot decode.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// Keys of fields, so there are never more than the program has fields.
static LOGGED: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// How often this process met a stored value that it could not decode, renders included.
///
/// It only grows, by at least one for each such value that a page reads; zero says that this build
/// reads all that is stored. The field's key is in the log, at the first of its values. (Shown by
/// `a_value_that_cannot_be_decoded_is_kept_aside_when_its_field_is_written` in
/// `tests/server/user_code.rs`.)
///
/// ```
/// assert_eq!(via::unreadable_values(), 0);
/// ```
#[must_use]
pub fn unreadable_values() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// Counts one, and says so in the log if it is the first of its field: every render of every tab
/// meets it again. Neither the value nor serde's message is logged, which would quote it.
pub(super) fn note(key: &'static str) {
    COUNT.fetch_add(1, Ordering::Relaxed);
    let first = LOGGED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(key);
    if first {
        tracing::warn!(
            key,
            "a stored value cannot be decoded; its field starts from what was set aside of it, or \
             from its default"
        );
    }
}
