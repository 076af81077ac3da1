//! Whether a cookie opens a session.

use super::Core;
use crate::{clock, hub::SessionState, limits, session::SessionCookie, store::Timestamp};

/// How a session stands to whoever shows a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is theirs.
    Open,
    /// It was theirs a moment ago: their browser was given, or is being given, a new secret.
    Rotated,
    /// It has ended, or it is somebody else's.
    Gone,
}

impl Core {
    /// How a session in this state stands to whoever shows `cookie`.
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
            let replaced = Timestamp::from_millis(previous.at);
            now < clock::after(replaced, limits::ROTATION)
                && previous.secret.matches(&cookie.secret)
        });
        if rotated {
            Standing::Rotated
        } else {
            Standing::Gone
        }
    }
}
