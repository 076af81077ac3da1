//! Tells which announcements come from this instance itself.
//!
//! Redis sends each commit back to its own instance as an announcement, before or after it
//! acknowledges the commit. A subscriber that joins after a commit of this instance must not receive
//! a notice of that commit. So the store announces a commit to its subscribers as soon as it is
//! acknowledged, unless the announcement of Redis came first. It drops the later one of the two.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Identifies a call of one instance in its announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct CallToken(pub(super) [u8; 16]);

/// The calls whose announcement may still come.
#[derive(Debug)]
pub(super) struct Echoes {
    instance: u64,
    next: AtomicU64,
    calls: Mutex<HashMap<CallToken, EchoState>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EchoState {
    /// The call was sent.
    Sent,
    /// The call was acknowledged and announced here, so its announcement from Redis is dropped.
    Announced,
}

impl Echoes {
    pub(super) fn new() -> Self {
        let mut instance = [0; 8];
        // On a machine without random numbers, the process id identifies the instance. If two
        // instances have the same one, subscribers may receive a notice twice.
        if getrandom::fill(&mut instance).is_err() {
            instance = u64::from(std::process::id()).to_be_bytes();
        }
        Self {
            instance: u64::from_be_bytes(instance),
            next: AtomicU64::new(0),
            calls: Mutex::default(),
        }
    }

    /// A call that is about to be sent. If it is dropped before it is done, its announcement is
    /// treated like that of another instance.
    pub(super) fn begin(&self) -> PendingCall<'_> {
        let mut token = [0; 16];
        token[..8].copy_from_slice(&self.instance.to_be_bytes());
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        token[8..].copy_from_slice(&number.to_be_bytes());
        let token = CallToken(token);
        self.lock().insert(token, EchoState::Sent);
        PendingCall {
            echoes: self,
            token,
        }
    }

    /// Whether subscribers do not yet know of this announcement from Redis.
    pub(super) fn is_news(&self, token: CallToken) -> bool {
        self.lock().remove(&token) != Some(EchoState::Announced)
    }

    /// Forgets announcements that are still expected, because some were lost and may never come.
    pub(super) fn forget(&self) {
        self.lock().retain(|_, state| *state == EchoState::Sent);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CallToken, EchoState>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that was sent and is not acknowledged.
pub(super) struct PendingCall<'a> {
    echoes: &'a Echoes,
    pub(super) token: CallToken,
}

impl PendingCall<'_> {
    /// The call was acknowledged: runs `announce`, unless its announcement from Redis came first.
    pub(super) fn done(self, announce: impl FnOnce()) {
        if let Some(state) = self.echoes.lock().get_mut(&self.token) {
            *state = EchoState::Announced;
            // Under the lock, so that the announcement from Redis cannot come in between.
            announce();
        }
    }
}

impl Drop for PendingCall<'_> {
    fn drop(&mut self) {
        let mut calls = self.echoes.lock();
        if calls.get(&self.token) == Some(&EchoState::Sent) {
            calls.remove(&self.token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acknowledged(call: PendingCall<'_>) -> bool {
        let mut announced = false;
        call.done(|| announced = true);
        announced
    }

    #[test]
    fn of_acknowledgement_and_announcement_the_first_one_is_news() {
        let echoes = Echoes::new();
        let call = echoes.begin();
        let token = call.token;
        assert!(acknowledged(call));
        assert!(!echoes.is_news(token));

        let call = echoes.begin();
        assert!(echoes.is_news(call.token));
        assert!(!acknowledged(call));
        assert!(echoes.lock().is_empty());
    }

    #[test]
    fn what_was_not_acknowledged_is_news_and_so_is_what_others_did() {
        let (echoes, other) = (Echoes::new(), Echoes::new());
        let token = echoes.begin().token;
        assert!(echoes.is_news(token));
        assert!(echoes.is_news(other.begin().token));
        assert!(echoes.lock().is_empty());
    }

    #[test]
    fn nothing_is_kept_of_announcements_that_were_lost() {
        let echoes = Echoes::new();
        let waiting = echoes.begin();
        assert!(acknowledged(echoes.begin()));
        echoes.forget();
        assert_eq!(echoes.lock().len(), 1);
        assert!(acknowledged(waiting));
    }
}
