//! Commits an attempt by compare-and-set.

use std::sync::Arc;

use super::{
    DOCUMENTS,
    attempt::{Attempt, Next, Stored, Tried},
};
use crate::{
    clock,
    hub::{DocumentState, LoadError, PageState, SessionState, SharedValue, Snapshot},
    limits,
    refusal::Refusal,
    state::Encoded,
    store::{
        Change, Commit, CommitOutcome, Expect, Expiry, Put, StoreError, Timestamp, Version, Write,
    },
};

/// How a commit ended, with the state for the next attempt if one may be needed.
pub(super) enum CommitResult {
    Committed(Tried, PageState),
    /// Nothing was written, because another commit came first.
    Lost(PageState),
    /// Unknown. The state may contain the commit, or the store may still apply it.
    Unknown(Tried, PageState),
}

impl Stored<'_> {
    pub(super) async fn commit(
        self,
        base: &PageState,
        attempt: Box<Attempt>,
        now: Timestamp,
    ) -> Result<CommitResult, Refusal> {
        let next = &attempt.next;
        let session_expiry = self.core.session_expiry(next.session.created, now);
        let mut expiries = vec![session_expiry];
        let mut writes = vec![Write {
            key: self.documents.session().key().clone(),
            expect: expected(&base.session),
            change: put(
                next.session.encode(),
                session_expiry,
                next.owner.clone(),
                "a session",
            )?,
        }];
        for (shown, (index, (_, state))) in self
            .documents
            .shared()
            .iter()
            .zip(base.shared.iter().enumerate())
        {
            let expiry = expiry_of(shown, now);
            expiries.push(expiry);
            let written = next.shared.iter().find(|(at, _)| *at == index);
            writes.push(Write {
                key: shown.live.key().clone(),
                expect: expected(state),
                // What the step may have read must be unchanged too.
                change: match written {
                    Some((_, value)) => put(value.encode(), expiry, None, "a shared value")?,
                    None => Change::Keep,
                },
            });
        }
        let commit = Commit {
            id: attempt.tried.commit,
            now,
            writes,
        };
        let answer =
            tokio::time::timeout(limits::STORE_DEADLINE, self.core.store.commit(commit)).await;
        match answer {
            Ok(Ok(CommitOutcome::Committed(versions))) => {
                let Attempt { tried, next } = *attempt;
                let state = committed(base, next, &versions, &expiries)?;
                Ok(CommitResult::Committed(tried, state))
            }
            Ok(Ok(CommitOutcome::Conflict(current))) => {
                let state = self
                    .documents
                    .read(current)
                    .map_err(|error| error.refusal(DOCUMENTS))?;
                self.documents.observe(base, &state, now);
                Ok(CommitResult::Lost(state))
            }
            Ok(Ok(CommitOutcome::Gone)) => {
                let state = self.load(now).await?;
                match state.session {
                    // It expired between the load and the commit: the next state would belong
                    // to a new session.
                    SessionState::Absent if base.session.snapshot().is_some() => {
                        Err(Refusal::SESSION_GONE)
                    }
                    SessionState::Deleted => Err(Refusal::SESSION_GONE),
                    _ => Ok(CommitResult::Lost(state)),
                }
            }
            // If it was or will be applied, the present document names it, or the next attempt
            // conflicts with one that does.
            Ok(Ok(CommitOutcome::Unknown)) | Err(_) => {
                let state = self.load(now).await?;
                Ok(CommitResult::Unknown(attempt.tried, state))
            }
            Ok(Err(StoreError::TooLarge { .. })) => Err(Refusal::TOO_LARGE),
            Ok(Err(StoreError::Full(_))) => Err(Refusal::FULL),
            Ok(Err(error)) => Err(LoadError::from(error).refusal(DOCUMENTS)),
        }
    }
}

fn expected<C>(state: &DocumentState<C>) -> Expect {
    state.version().map_or(Expect::Absent, Expect::At)
}

/// The deadlines of a shared value that is used now.
fn expiry_of(value: &SharedValue, now: Timestamp) -> Expiry {
    Expiry {
        idle_until: value
            .ttl
            .map_or(Timestamp::NEVER, |ttl| clock::after(now, ttl)),
        absolute: Timestamp::NEVER,
    }
}

/// The write of a document, unless it is too large.
fn put(
    Encoded { bytes, size }: Encoded,
    expiry: Expiry,
    owner: Option<Box<str>>,
    what: &str,
) -> Result<Change, Refusal> {
    if size > limits::DOCUMENT {
        return Err(Refusal::TOO_LARGE);
    }
    if size > limits::DOCUMENT_WARN {
        tracing::warn!(bytes = size, "the document of {what} is large");
    }
    Ok(Change::Put(Put {
        bytes,
        expiry,
        owner,
    }))
}

/// The state that an attempt has made.
fn committed(
    base: &PageState,
    next: Next,
    versions: &[Version],
    expiries: &[Expiry],
) -> Result<PageState, Refusal> {
    let mut state = base.clone();
    let at = |index: usize| -> Result<(Version, Expiry), Refusal> {
        let version = versions.get(index).ok_or(Refusal::UNAVAILABLE)?;
        let expiry = expiries.get(index).ok_or(Refusal::UNAVAILABLE)?;
        Ok((*version, *expiry))
    };
    let (version, expiry) = at(0)?;
    state.session = DocumentState::Found(Arc::new(Snapshot {
        document: next.session,
        version,
        expiry,
        owner: next.owner,
    }));
    for (index, value) in next.shared {
        let (version, expiry) = at(index + 1)?;
        if let Some((_, shared)) = state.shared.get_mut(index) {
            *shared = DocumentState::Found(Arc::new(Snapshot {
                document: value,
                version,
                expiry,
                owner: None,
            }));
        }
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_document_has_1_mib_at_most() {
        let put = |size| {
            let bytes = Bytes::new();
            put(Encoded { bytes, size }, Expiry::NEVER, None, "a session")
        };
        assert!(matches!(put(1024 * 1024), Ok(Change::Put(_))));
        assert!(put(1024 * 1024 + 1).is_err_and(|refusal| refusal.is(&Refusal::TOO_LARGE)));
    }
}
