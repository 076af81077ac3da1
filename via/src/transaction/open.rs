//! Whether a transaction may change the session, and whether it did so before.

use super::{
    Done, Numbered,
    attempt::{Attempt, Transaction, Tried},
};
use crate::{
    action::{Effects, Step},
    hub::{PageState, SessionState},
    refusal::Refusal,
    runtime::Standing,
    state::{Document, Outcome, RECENT},
    store::Timestamp,
};

/// What is to be done in one round.
pub(super) enum Prepared {
    Attempt(Box<Attempt>),
    /// Nothing: the action was handled before.
    Done(Done),
}

/// How the caller may use the session.
pub(super) enum Opened {
    ByHolder(Document),
    /// With the previous secret, to repeat the very action that replaced it: the answer with the
    /// new secret was lost.
    ByPredecessor(Document),
}

impl Transaction<'_> {
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
            return Ok(Prepared::Done(
                tried.done(self.stored.documents, self.actor),
            ));
        }
        let (document, repeats) = match self.open(base, now)? {
            Opened::ByHolder(document) => (document, false),
            Opened::ByPredecessor(document) => (document, true),
        };
        if repeats {
            let attempt = self.hand_out_again(base, document, now)?;
            return Ok(Prepared::Attempt(Box::new(attempt)));
        }
        if let Some(outcome) = self.handled(&document)? {
            return Ok(Prepared::Done(Done {
                outcome,
                effects: Effects::default(),
                repeated: true,
                cookie: None,
                wake_guard: None,
            }));
        }
        if self.numbered.is_none() && outdated(unsure, base) {
            return Err(Refusal::UNAVAILABLE);
        }
        if matches!(base.session, SessionState::Absent)
            && let Some(address) = self.newcomer.take()
            && !self.stored.core.newcomers.admits(address)
        {
            return Err(Refusal::TOO_MANY_SESSIONS);
        }
        let attempt = self.draft(base, document, step, now)?;
        Ok(Prepared::Attempt(Box::new(attempt)))
    }

    /// The document that a change starts from, if the session is open to the caller.
    pub(super) fn open(&self, base: &PageState, now: Timestamp) -> Result<Opened, Refusal> {
        let cookie = self.actor.session;
        // A session that existed does not begin again: the store may have lost it. For a task it
        // existed, because a commit started the task.
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
            Standing::Rotated => self.repeats_rotation(base, now).ok_or(Refusal::ROTATED),
        }
    }

    /// Whether this is the repetition of the action that replaced the secret which it shows, and nobody
    /// has used the new one.
    fn repeats_rotation(&self, base: &PageState, now: Timestamp) -> Option<Opened> {
        let document = &base.session.snapshot()?.document;
        let previous = document.previous.as_ref()?;
        let numbered = self.numbered?;
        let record = document.tabs.get(&self.actor.tab)?;
        let same = previous.awaits_first_use(now)
            && previous.secret.matches(&self.actor.session.secret)
            && previous.tab == self.actor.tab
            && previous.number == numbered.number
            && record.number == numbered.number
            && record.digest == numbered.digest
            && record.load.nonce == numbered.load.nonce
            && record.load.epoch == numbered.load.epoch;
        same.then(|| Opened::ByPredecessor(document.clone()))
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
