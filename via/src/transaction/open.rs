//! Whether a transaction may change the session, and whether it did so before.

use super::{
    Authority, Done, Numbered,
    attempt::{Attempt, Transaction, Tried},
};
use crate::{
    action::{Effects, Step},
    clock,
    hub::{PageState, SessionState},
    limits,
    refusal::Refusal,
    runtime::Standing,
    session::{IdentityMark, SessionCookie},
    state::{Document, Outcome, RECENT},
    store::Timestamp,
};

/// What is to be done in one round.
pub(super) enum Prepared {
    Attempt(Box<Attempt>),
    /// Nothing: the action was handled before.
    Done(Box<Done>),
}

/// How the caller may use the session.
pub(super) enum Opened<'a> {
    ByHolder(Document),
    /// With the previous secret, to repeat the very action that replaced it: the answer with the
    /// new secret was lost.
    ByPredecessor(Document, &'a SessionCookie),
}

impl<'a> Transaction<'a> {
    /// Finds out whether there is anything to do, and does it on a copy.
    pub(super) fn prepare(
        &mut self,
        base: &PageState,
        unsure: &mut Vec<Tried>,
        step: &mut Step<'_>,
        now: Timestamp,
    ) -> Result<Prepared, Refusal> {
        // First, because an attempt that was applied may have replaced the secret.
        if let Some(snapshot) = base.session.snapshot()
            && let Some(index) = unsure
                .iter()
                .position(|tried| snapshot.document.comes_from(tried.commit))
        {
            let tried = unsure.swap_remove(index);
            let done = tried.done(self.stored.documents, self.actor);
            return Ok(Prepared::Done(Box::new(done)));
        }
        let document = match self.open(base, now)? {
            Opened::ByHolder(document) => document,
            Opened::ByPredecessor(document, cookie) => {
                let attempt = self.hand_out_again(cookie, base, document, now)?;
                return Ok(Prepared::Attempt(Box::new(attempt)));
            }
        };
        if let Some(outcome) = self.handled(&document)? {
            let done = Done {
                outcome,
                effects: Effects::default(),
                repeated: true,
                cookie: None,
                task: None,
                wake_guard: None,
            };
            return Ok(Prepared::Done(Box::new(done)));
        }
        if self.numbered.is_none() && outdated(unsure, base) {
            return Err(Refusal::UNAVAILABLE);
        }
        if matches!(base.session, SessionState::Absent)
            && !std::mem::replace(&mut self.is_counted, true)
            && let Some(address) = self.actor.address
            && !self.stored.core.newcomers.admits(address)
        {
            return Err(Refusal::TOO_MANY_SESSIONS);
        }
        let attempt = self.draft(base, document, step, now)?;
        Ok(Prepared::Attempt(Box::new(attempt)))
    }

    /// The document that a change starts from, if the session is open to the caller.
    pub(super) fn open(&self, base: &PageState, now: Timestamp) -> Result<Opened<'a>, Refusal> {
        let cookie = match self.actor.authority {
            Authority::Browser(cookie) => cookie,
            Authority::Task(authority) if authority.holds(&base.session) => {
                let snapshot = base.session.snapshot().ok_or(Refusal::SESSION_GONE)?;
                return Ok(Opened::ByHolder(snapshot.document.clone()));
            }
            Authority::Task(_) => return Err(Refusal::SESSION_GONE),
        };
        // A session that existed does not begin again: the store may have lost it.
        let had_begun = self.numbered.is_none_or(|numbered| numbered.began);
        if matches!(base.session, SessionState::Absent) && had_begun {
            return Err(Refusal::SESSION_GONE);
        }
        match self.stored.core.standing(cookie, &base.session, now) {
            Standing::Open => Ok(Opened::ByHolder(match &base.session {
                SessionState::Found(snapshot) => snapshot.document.clone(),
                SessionState::Absent | SessionState::Deleted => {
                    Document::new(cookie.secret.hash(), now)
                }
            })),
            Standing::Gone => Err(Refusal::SESSION_GONE),
            Standing::Rotated => self
                .repeats_rotation(cookie, base, now)
                .ok_or(Refusal::ROTATED),
        }
    }

    /// Whether this is the repetition of the action that replaced the secret which it shows, and nobody
    /// has used the new one.
    fn repeats_rotation<'c>(
        &self,
        cookie: &'c SessionCookie,
        base: &PageState,
        now: Timestamp,
    ) -> Option<Opened<'c>> {
        let document = &base.session.snapshot()?.document;
        let previous = document.previous.as_ref()?;
        let numbered = self.numbered?;
        let record = document.tabs.get(&self.actor.tab)?;
        let same = previous.awaits_first_use(now)
            && previous.secret.matches(&cookie.secret)
            && previous.tab == self.actor.tab
            && previous.number == numbered.number
            && record.number == numbered.number
            && record.digest == numbered.digest
            && record.load.nonce == numbered.load.nonce
            && record.load.epoch == numbered.load.epoch;
        same.then(|| Opened::ByPredecessor(document.clone(), cookie))
    }

    /// Whether the tab showed another user than the one who is logged in now, so that the user who clicked
    /// may be another one.
    pub(super) fn is_of_another_user(&self, base: &PageState, now: Timestamp) -> bool {
        let Some(shown) = self.numbered.and_then(|numbered| numbered.shown) else {
            return false;
        };
        let principal = base.session.principal();
        if shown != IdentityMark::Nobody {
            let session = self.stored.documents.session().key();
            return shown != IdentityMark::of(session, principal);
        }
        // A visitor may click in one tab and log in in another one at the same time.
        principal.is_some()
            && base.session.snapshot().is_some_and(|snapshot| {
                clock::after(snapshot.document.created, limits::LOG_IN_CROSSED) <= now
            })
    }

    /// Whether this number was handled before, and how.
    pub(super) fn handled(&self, document: &Document) -> Result<Option<Outcome>, Refusal> {
        let Some(Numbered {
            load,
            number,
            digest,
            ..
        }) = self.numbered
        else {
            return Ok(None);
        };
        let Some(record) = document.tabs.get(&self.actor.tab) else {
            // A forgotten tab might repeat an action; a tab that was loaded later did nothing yet.
            return if load.since <= document.forgotten.as_millis() {
                Err(Refusal::FORGOTTEN)
            } else {
                Ok(None)
            };
        };
        if load.epoch > record.load.epoch {
            return Ok(None);
        }
        if load.epoch < record.load.epoch || number < record.number {
            return Err(Refusal::SUPERSEDED);
        }
        if load.nonce != record.load.nonce {
            return Err(Refusal::NUMBER_REUSED);
        }
        if number > record.number {
            return Ok(None);
        }
        if digest != record.digest {
            return Err(Refusal::NUMBER_REUSED);
        }
        // Only a newer build knows its outcome: it does not run again.
        record.outcome().map(Some).ok_or(Refusal::SUPERSEDED)
    }
}

/// Whether an attempt of unknown outcome may be so old that the document no longer names it.
fn outdated(unsure: &[Tried], base: &PageState) -> bool {
    unsure
        .iter()
        .any(|tried| base.session.revision() >= tried.revision + RECENT as u64)
}
