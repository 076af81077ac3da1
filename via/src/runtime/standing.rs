//! Whether a cookie opens a session.

use super::Core;
use crate::{hub::SessionState, session::SessionCookie, store::Timestamp};

/// What a cookie means for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The cookie opens it.
    Open,
    /// The cookie opened it a moment ago; the browser has a newer secret, or is about to get it.
    Rotated,
    /// The session has ended, or the cookie belongs to another one.
    Gone,
}

impl Core {
    /// What `cookie` means for a session in this state.
    pub(crate) fn standing(
        &self,
        cookie: &SessionCookie,
        state: &SessionState,
        now: Timestamp,
    ) -> Standing {
        let snapshot = match state {
            SessionState::Absent if !self.config.visit_is_over(cookie, now) => {
                return Standing::Open;
            }
            SessionState::Absent | SessionState::Deleted => return Standing::Gone,
            SessionState::Found(snapshot) => snapshot,
        };
        if snapshot.document.secret.matches(&cookie.secret) {
            return Standing::Open;
        }
        let rotated = snapshot.document.previous.as_ref().is_some_and(|previous| {
            previous.is_recent(now) && previous.secret.matches(&cookie.secret)
        });
        if rotated {
            Standing::Rotated
        } else {
            Standing::Gone
        }
    }
}
