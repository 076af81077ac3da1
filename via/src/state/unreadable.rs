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

/// How often this process read a stored value that it could not decode, renders included.
///
/// The number only grows, by at least one for each such value that a page reads. Zero means that this
/// build can read all values that its pages have read. The log names the key of the field, once for each
/// field.
///
/// Tested by: `a_value_that_cannot_be_decoded_is_kept_aside_when_its_field_is_written` in
/// `tests/server/user_code.rs`.
///
/// ```
/// assert_eq!(via::unreadable_values(), 0);
/// ```
#[must_use]
pub fn unreadable_values() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// Counts one value, and logs the first one of each field, because every render of every tab reads it
/// again. The log contains neither the value nor serde's message, which would quote it.
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
