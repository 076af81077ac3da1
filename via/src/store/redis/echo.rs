//! Which announcements are this instance's own.
//!
//! Everything that is committed comes back from Redis as an announcement, at some time after it was
//! acknowledged. Who subscribes after a commit of this instance must not hear of it any more. So
//! what is acknowledged is announced here at once, unless its announcement has come already, and
//! the later of the two is left out.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Names a call of one instance in its announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct CallToken(pub(super) [u8; 16]);

/// What is under way.
#[derive(Debug)]
pub(super) struct Echoes {
    instance: u64,
    next: AtomicU64,
    calls: Mutex<HashMap<CallToken, EchoState>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EchoState {
    /// It was sent.
    Sent,
    /// It was acknowledged and announced, so its announcement is old when it comes.
    Announced,
}

impl Echoes {
    pub(super) fn new() -> Self {
        let mut instance = [0; 8];
        // A machine without random numbers: its own process is told apart from most others. Where
        // two are taken for one, something may be heard twice.
        if getrandom::fill(&mut instance).is_err() {
            instance = u64::from(std::process::id()).to_be_bytes();
        }
        Self {
            instance: u64::from_be_bytes(instance),
            next: AtomicU64::new(0),
            calls: Mutex::default(),
        }
    }

    /// A call that is about to be sent. Where it is dropped before it is done, whatever comes of it
    /// is heard as if it were another's.
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

    /// Whether an announcement that has come is news.
    pub(super) fn is_news(&self, token: CallToken) -> bool {
        self.lock().remove(&token) != Some(EchoState::Announced)
    }

    /// Announcements were lost: those that are awaited may never come.
    pub(super) fn forget(&self) {
        self.lock().retain(|_, state| *state == EchoState::Sent);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CallToken, EchoState>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that was sent and is not done.
pub(super) struct PendingCall<'a> {
    echoes: &'a Echoes,
    pub(super) token: CallToken,
}

impl PendingCall<'_> {
    /// It was acknowledged: runs `announce`, unless its announcement has come before.
    pub(super) fn done(self, announce: impl FnOnce()) {
        if let Some(state) = self.echoes.lock().get_mut(&self.token) {
            *state = EchoState::Announced;
            // Under the lock, so that it does not come in between.
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
