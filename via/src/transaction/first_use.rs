//! The first use of a session's new secret.
//!
//! The action that replaces the secret of a session may be repeated with the old one, because its answer
//! may have been lost. Once a browser uses the new secret, that answer was not lost: a repetition with the
//! old secret can only be a recorded request. So the first use is written into the session, where every
//! server sees it.

use super::{
    attempt::{Attempt, Next, Stored, Tried},
    commit::CommitResult,
};
use crate::{
    action::Effects,
    backoff::backoff,
    hub::{PageState, SessionState},
    limits,
    random::random_id,
    refusal::Refusal,
    runtime::{Core, Standing},
    session::SessionCookie,
    state::Outcome,
    store::{CommitId, Timestamp},
};

/// Notes that a browser uses `cookie`, if that is the first use of a new secret. Answers whether it was.
/// Later uses write nothing.
///
/// If the store cannot take the note, the old secret stays useful for the rest of
/// [`limits::ROTATION`].
pub(crate) async fn note_first_use(
    core: &Core,
    cookie: &SessionCookie,
    session: &SessionState,
    now: Timestamp,
) -> bool {
    if !is_first_use(core, cookie, session, now) {
        return false;
    }
    // On the heap, because it is rare and large.
    if let Err(refusal) = Box::pin(note(core, cookie, session, now)).await {
        let reason = refusal.message();
        tracing::warn!(
            reason,
            "the first use of a session's new secret cannot be noted"
        );
    }
    true
}

/// Whether `cookie` has a new secret that nobody has used, as far as this state tells.
fn is_first_use(
    core: &Core,
    cookie: &SessionCookie,
    session: &SessionState,
    now: Timestamp,
) -> bool {
    let previous = session
        .snapshot()
        .and_then(|snapshot| snapshot.document.previous.as_ref());
    previous.is_some_and(|previous| previous.awaits_first_use(now))
        && core.standing(cookie, session, now) == Standing::Open
}

async fn note(
    core: &Core,
    cookie: &SessionCookie,
    session: &SessionState,
    now: Timestamp,
) -> Result<(), Refusal> {
    let documents = core.hub.session(cookie.id);
    let stored = Stored {
        core,
        documents: &documents,
    };
    let mut base = PageState {
        session: session.clone(),
        shared: Vec::new(),
    };
    for round in 0..limits::ATTEMPTS {
        let Some(snapshot) = base.session.snapshot() else {
            return Ok(());
        };
        if !is_first_use(core, cookie, &base.session, now) {
            return Ok(());
        }
        let commit = CommitId(u128::from_le_bytes(random_id()));
        let mut document = snapshot.document.clone();
        document.note_first_use();
        document.made_for(commit);
        let revision = snapshot.version.revision + 1;
        let attempt = Attempt {
            tried: Tried {
                commit,
                revision,
                outcome: Outcome::Applied {
                    revision,
                    commands: Vec::new(),
                },
                effects: Effects::default(),
                repeated: false,
                cookie: None,
                task: None,
            },
            next: Next {
                session: document,
                owner: snapshot.owner.clone(),
                shared: Vec::new(),
            },
        };
        let expecting = documents.expect(commit);
        base = match stored.commit(&base, Box::new(attempt), now).await? {
            CommitResult::Committed(_, state) => {
                documents.observe(&base, &state, now);
                return Ok(());
            }
            CommitResult::Lost(state) | CommitResult::Unknown(_, state) => state,
        };
        drop(expecting);
        backoff(round).await;
    }
    Err(Refusal::UNAVAILABLE)
}
