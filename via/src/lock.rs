//! Taking a mutex.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex whose data is valid after every step, so a panic elsewhere does not poison it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
