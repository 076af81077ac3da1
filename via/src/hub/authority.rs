//! [`TaskAuthority`]: on whose behalf a task changes a session.

use super::{SessionState, Snapshot};
use crate::state::Document;
use crate::store::Timestamp;

/// On whose behalf a task works. It is not a secret: a task goes on after the secret of its session was
/// replaced, but not for another user and not after a log-out.
#[derive(Clone, Debug)]
pub(crate) struct TaskAuthority {
    principal: Option<Box<str>>,
    created: Timestamp,
    anew: Timestamp,
}

impl TaskAuthority {
    /// The authority of a task that is started in `document`, for `principal`.
    pub(crate) fn new(principal: Option<&str>, document: &Document) -> Self {
        Self {
            principal: principal.map(Box::from),
            created: document.created,
            anew: document.anew,
        }
    }

    /// Whether it is valid for a session in this state.
    pub(crate) fn holds(&self, session: &SessionState) -> bool {
        session
            .snapshot()
            .is_some_and(|snapshot| self.holds_in(snapshot))
    }

    fn holds_in(
        &self,
        Snapshot {
            document, owner, ..
        }: &Snapshot<Document>,
    ) -> bool {
        // A visitor who logs in keeps the state, so the tasks go on as well.
        let is_same_user = self.principal == *owner || self.principal.is_none();
        // A build that does not know `anew` moves `created` when it logs out.
        let has_logged_in = owner.is_some();
        is_same_user
            && self.anew == document.anew
            && (self.created == document.created || has_logged_in)
    }
}
