//! One attempt: what it writes, and what is kept until its outcome is known.

use super::{Actor, DOCUMENTS, Done, Numbered};
use crate::{
    action::Effects,
    hub::{PageDocuments, PageState, TaskAuthority},
    refusal::Refusal,
    runtime::Core,
    session::{Secret, SessionCookie},
    state::{Document, Outcome, SharedDocument},
    store::{CommitId, Timestamp},
};

/// Documents in the store of an app.
#[derive(Clone, Copy)]
pub(super) struct Stored<'a> {
    pub(super) core: &'a Core,
    pub(super) documents: &'a PageDocuments,
}

/// What all attempts of one transaction share.
pub(super) struct Transaction<'a> {
    pub(super) stored: Stored<'a>,
    pub(super) actor: Actor<'a>,
    pub(super) numbered: Option<Numbered>,
    /// The session's new secret, once an attempt rotates it.
    pub(super) secret: Option<Secret>,
    /// Whether the visitor was counted as one who begins a session.
    pub(super) is_counted: bool,
}

/// One run of the step, on its way into the store.
pub(super) struct Attempt {
    pub(super) tried: Tried,
    pub(super) next: Next,
}

/// What is kept of an attempt until its outcome is known.
pub(super) struct Tried {
    pub(super) commit: CommitId,
    /// The revision that it makes.
    pub(super) revision: u64,
    pub(super) outcome: Outcome,
    pub(super) effects: Effects,
    pub(super) repeated: bool,
    pub(super) cookie: Option<SessionCookie>,
    /// On whose behalf the task works that the action starts.
    pub(super) task: Option<TaskAuthority>,
}

/// The documents as the attempt writes them.
pub(super) struct Next {
    pub(super) session: Document,
    pub(super) owner: Option<Box<str>>,
    /// Of shared values, by their indexes on the page.
    pub(super) shared: Vec<(usize, SharedDocument)>,
}

impl Tried {
    /// The attempt is in the store.
    pub(super) fn done(self, documents: &PageDocuments, actor: Actor<'_>) -> Done {
        if matches!(self.outcome, Outcome::Applied { .. }) && !self.repeated {
            documents
                .session()
                .sent(actor.tab, self.revision, actor.inputs);
        }
        Done {
            outcome: self.outcome,
            effects: self.effects,
            repeated: self.repeated,
            cookie: self.cookie,
            task: self.task,
            wake_guard: None,
        }
    }
}

impl Stored<'_> {
    /// The state to start from, and whether the store was asked for it just now.
    pub(super) async fn current(self) -> Result<(PageState, bool), Refusal> {
        let now = self.core.clock.now();
        match self.documents.known(now) {
            Some(state) => Ok((state, false)),
            None => Ok((self.load(now).await?, true)),
        }
    }

    pub(super) async fn load(self, now: Timestamp) -> Result<PageState, Refusal> {
        // Boxed, because it is rarely needed and its room would always be taken.
        Box::pin(self.documents.load(&*self.core.store, now))
            .await
            .map_err(|error| error.refusal(DOCUMENTS))
    }
}
