//! Transactions: a step of user code on a copy, committed by compare-and-set.
//!
//! This is the only caller of [`Store::commit`](crate::store::Store::commit) for sessions and
//! shared values.

mod attempt;
mod commit;
mod draft;
mod first_use;
mod open;
mod turns;

use std::{future::Future, net::IpAddr};

use self::{
    attempt::{Stored, Transaction, Tried},
    commit::CommitResult,
    open::Prepared,
    turns::Turns,
};
use crate::{
    action::{Effects, Step},
    backoff::backoff,
    hub::{PageDocuments, StreamId, TaskAuthority, WakeGuard},
    limits,
    refusal::Refusal,
    runtime::Core,
    session::{IdentityMark, SessionCookie},
    state::{Inputs, Load, Outcome, TabId},
};
pub(crate) use first_use::note_first_use;

/// Whose state a transaction changes, and what it sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Actor<'a> {
    pub(crate) authority: Authority<'a>,
    pub(crate) tab: TabId,
    pub(crate) params: &'a [(String, String)],
    pub(crate) inputs: &'a Inputs,
    /// The stream that is not woken, because the answer may bring its frame.
    pub(crate) stream: Option<StreamId>,
    /// The visitor's network address, if it is known.
    pub(crate) address: Option<IpAddr>,
    /// Whether the action starts a task.
    pub(crate) starts_task: bool,
}

/// Why a transaction may change a session.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Authority<'a> {
    /// A browser shows the secret of the session.
    Browser(&'a SessionCookie),
    /// A task goes on that such a browser has started.
    Task(&'a TaskAuthority),
}

/// The position of an action in the order of its tab.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbered {
    pub(crate) load: Load,
    pub(crate) number: u64,
    /// A hash of the request's body, which tells a repetition from another action.
    pub(crate) digest: u64,
    /// Whether the session had committed anything when the load began.
    pub(crate) began: bool,
    /// Whether another build rendered the page. Then the action is not run: only its repetition, after that
    /// build has run it, has another answer.
    pub(crate) is_stale: bool,
    /// Who was logged in as far as the tab showed when the user clicked; `None` if an older client sends
    /// the action.
    pub(crate) shown: Option<IdentityMark>,
}

/// How a transaction ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) outcome: Outcome,
    /// What to do after the commit; empty for a repetition.
    pub(crate) effects: Effects,
    /// Whether this answers a repetition of what was done before.
    pub(crate) repeated: bool,
    /// The cookie with the session's new secret, if it was rotated.
    pub(crate) cookie: Option<SessionCookie>,
    /// On whose behalf the task works that the action has started.
    pub(crate) task: Option<TaskAuthority>,
    /// Keeps the stream of the answer asleep, if this was committed just now.
    pub(crate) wake_guard: Option<WakeGuard>,
}

/// What a log line calls the documents of a transaction.
const DOCUMENTS: &str = "a document of a page";

/// Runs `step` as a transaction on `documents`.
pub(crate) fn run<'a>(
    core: &'a Core,
    documents: &'a PageDocuments,
    actor: Actor<'a>,
    numbered: Option<Numbered>,
    step: &'a mut Step<'_>,
) -> impl Future<Output = Result<Done, Refusal>> + Send {
    let mut transaction = Transaction {
        stored: Stored { core, documents },
        actor,
        numbered,
        secret: None,
        is_counted: false,
    };
    // An `async fn` would hold its arguments twice.
    async move { attempts(&mut transaction, step).await }
}

/// Tries until an attempt is committed, or cannot be.
async fn attempts(transaction: &mut Transaction<'_>, step: &mut Step<'_>) -> Result<Done, Refusal> {
    let Stored { core, documents } = transaction.stored;
    let (mut base, mut fresh) = transaction.stored.current().await?;
    let mut turns = Turns::none(documents.shared());
    let mut unsure: Vec<Tried> = Vec::new();
    let mut is_noted = false;
    let mut round = 0;
    while round < limits::ATTEMPTS {
        let now = core.clock.now();
        // An action that ends without a commit is a use as well.
        if let Authority::Browser(cookie) = transaction.actor.authority
            && !is_noted
            && note_first_use(core, cookie, &base.session, now).await
        {
            is_noted = true;
            (base, fresh) = transaction.stored.current().await?;
        }
        let attempt = match transaction.prepare(&base, &mut unsure, step, now) {
            Ok(Prepared::Attempt(attempt)) => attempt,
            Ok(Prepared::Done(done)) => return Ok(*done),
            Err(refusal) if fresh => return Err(refusal),
            // The known state may be older than a commit of another server. The user is not told of a
            // failure that came of that.
            Err(refusal) => {
                let latest = transaction.stored.load(now).await?;
                if latest.is_what_was(&base) {
                    return Err(refusal);
                }
                (base, fresh) = (latest, true);
                continue;
            }
        };
        // Writers of a shared value take turns. If another writer had the turn, the value may have
        // changed.
        if !turns
            .take(attempt.next.shared.iter().map(|(index, _)| *index))
            .await?
        {
            (base, fresh) = transaction.stored.current().await?;
            continue;
        }
        let expecting = documents.expect(attempt.tried.commit);
        match transaction.stored.commit(&base, attempt, now).await? {
            CommitResult::Committed(tried, state) => {
                let stream = transaction.actor.stream;
                let wake_guard = stream.and_then(|stream| documents.session().hold_wake(stream));
                let done = tried.done(documents, transaction.actor);
                documents.observe(&base, &state, now);
                return Ok(Done { wake_guard, ..done });
            }
            CommitResult::Lost(state) => base = state,
            CommitResult::Unknown(tried, state) => {
                unsure.push(tried);
                base = state;
            }
        }
        drop(expecting);
        fresh = true;
        backoff(round).await;
        round += 1;
    }
    tracing::warn!(attempts = limits::ATTEMPTS, "others always committed first");
    Err(Refusal::UNAVAILABLE)
}
