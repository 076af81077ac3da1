//! Transactions: a step of user code on a copy, committed by compare-and-set.
//!
//! This is the only caller of [`Store::commit`](crate::store::Store::commit) for sessions.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use crate::{
    action::{ActionError, Effects, Refusal},
    app::Core,
    clock,
    hub::{Live, SessionState, Snapshot, sources},
    incident::Incident,
    limits,
    session::{SessionCookie, random},
    state::{
        ChangeError, Changes, Document, Encoded, Inputs, Load, Outcome, RECENT, Sources, TabId,
        TabRecord, Targets,
    },
    store::{
        Change, Commit, CommitId, CommitOutcome, Expect, Expiry, Put, StoreError, Timestamp, Write,
    },
};

/// Whose state a transaction changes, and what it sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) session: &'a SessionCookie,
    pub(crate) tab: TabId,
    pub(crate) params: &'a [(String, String)],
    pub(crate) inputs: &'a Inputs,
}

/// The place of an action in the order of its tab.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbered {
    pub(crate) load: Load,
    pub(crate) number: u64,
    /// Stands for the body of the request, to tell a repetition from another action.
    pub(crate) digest: u64,
}

/// A step of user code: it may run several times, each time on a fresh copy.
pub(crate) type Step<'a> =
    dyn FnMut(Sources<'_>, &mut Effects) -> Result<Changes, ChangeError<ActionError>> + Send + 'a;

/// What became of a transaction.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) outcome: Outcome,
    /// What is to be done now; empty if this answers a repetition.
    pub(crate) effects: Effects,
    /// Whether this answers a repetition of what was done before.
    pub(crate) repeated: bool,
}

/// Why a transaction changed nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A later action of the tab was handled before.
    Superseded,
    /// The number was used for another action.
    NumberReused,
    /// The tab was quiet for so long that its last number is not known any more.
    Forgotten,
    /// The session was ended, or its secret was changed.
    SessionGone,
    /// What the browser sent does not fit the page.
    Invalid(String),
    /// The arguments are not what the action takes.
    Arguments(String),
    /// User code failed in a way that it should not.
    Incident(Incident),
    /// The document would be too large.
    TooLarge,
    /// The store has no room for another session.
    Full,
    /// Too many actions of the session wait.
    Busy,
    /// The store cannot be reached, or others always came first: try again, with the same number.
    Unavailable,
}

/// Runs `step` as a transaction on the session of `scope`.
pub(crate) async fn run(
    core: &Core,
    live: &Live,
    scope: Scope<'_>,
    numbered: Option<Numbered>,
    step: &mut Step<'_>,
) -> Result<Done, Failure> {
    let mut base = live
        .current(&*core.store, core.clock.now())
        .await
        .map_err(|error| unavailable(&error))?;
    let mut unsure: Vec<Attempt> = Vec::new();
    for round in 0..limits::ATTEMPTS {
        let now = core.clock.now();
        let document = open_document(core, scope.session, &base, now)?;
        if let Some(place) = unsure
            .iter()
            .position(|attempt| document.comes_from(attempt.commit))
        {
            return Ok(unsure.swap_remove(place).done(live, scope));
        }
        if let Some(numbered) = numbered {
            if let Some(outcome) = handled(&document, scope.tab, numbered)? {
                return Ok(Done {
                    outcome,
                    effects: Effects::default(),
                    repeated: true,
                });
            }
        } else if unsure
            .iter()
            .any(|attempt| base.revision() >= attempt.revision + RECENT as u64)
        {
            // It may have been done so long ago that the document does not name it any more.
            return Err(Failure::Unavailable);
        }

        let (document, attempt) = prepare(&base, document, scope, numbered, step, now)?;
        match commit(core, live, &base, document, attempt.commit, now).await? {
            Answer::Committed(snapshot) => {
                let done = attempt.done(live, scope);
                live.observe(&SessionState::Found(snapshot), None, now);
                return Ok(done);
            }
            Answer::Lost(state) => base = state,
            Answer::Unknown(state) => {
                unsure.push(attempt);
                base = state;
            }
        }
        pause(round).await;
    }
    tracing::warn!(attempts = limits::ATTEMPTS, "others always committed first");
    Err(Failure::Unavailable)
}

/// The document that a change starts from, if the session is open to whoever asks.
fn open_document(
    core: &Core,
    session: &SessionCookie,
    base: &SessionState,
    now: Timestamp,
) -> Result<Document, Failure> {
    let document = match base {
        SessionState::Deleted => return Err(Failure::SessionGone),
        SessionState::Absent if core.config.visit_is_over(session, now) => {
            return Err(Failure::SessionGone);
        }
        SessionState::Absent => Document::new(session.secret.hash(), now),
        SessionState::Found(snapshot) => snapshot.document.clone(),
    };
    if document.secret.matches(&session.secret) {
        Ok(document)
    } else {
        Err(Failure::SessionGone)
    }
}

/// One run of the step, on its way into the store.
struct Attempt {
    commit: CommitId,
    /// The revision that it makes.
    revision: u64,
    outcome: Outcome,
    effects: Effects,
}

impl Attempt {
    /// It is in the store.
    fn done(self, live: &Live, scope: Scope<'_>) -> Done {
        if matches!(self.outcome, Outcome::Applied { .. }) {
            live.sent(scope.tab, self.revision, scope.inputs);
        }
        Done {
            outcome: self.outcome,
            effects: self.effects,
            repeated: false,
        }
    }
}

/// Runs the step and writes into `document` what it did.
fn prepare(
    base: &SessionState,
    mut document: Document,
    scope: Scope<'_>,
    numbered: Option<Numbered>,
    step: &mut Step<'_>,
    now: Timestamp,
) -> Result<(Document, Attempt), Failure> {
    let mut effects = Effects::default();
    let changes = isolated(
        step,
        sources(base, scope.params, Some(scope.tab), scope.inputs),
        &mut effects,
    )?;
    let commit = CommitId(u128::from_le_bytes(random()));
    let revision = base.revision() + 1;
    let mut tab_fields = document
        .tabs
        .get(&scope.tab)
        .map(|record| record.fields.clone())
        .unwrap_or_default();
    let outcome = match changes {
        Ok(changes) => {
            changes.apply(&mut Targets {
                session: &mut document,
                tab: &mut tab_fields,
                shared: &mut [],
            });
            Outcome::Applied {
                revision,
                commands: effects.commands.clone(),
            }
        }
        Err(Refusal(message)) => {
            effects = Effects::default();
            Outcome::Refused { message }
        }
    };
    if let Some(Numbered {
        load,
        number,
        digest,
    }) = numbered
    {
        document.record(
            scope.tab,
            TabRecord::new(load, number, digest, &outcome, now.as_millis(), tab_fields),
        );
    } else if let Some(record) = document.tabs.get_mut(&scope.tab) {
        record.fields = tab_fields;
    }
    document.made_for(commit);
    let attempt = Attempt {
        commit,
        revision,
        outcome,
        effects,
    };
    Ok((document, attempt))
}

/// Whether this number was handled before, and how.
fn handled(
    document: &Document,
    tab: TabId,
    numbered: Numbered,
) -> Result<Option<Outcome>, Failure> {
    let Numbered {
        load,
        number,
        digest,
    } = numbered;
    let Some(record) = document.tabs.get(&tab) else {
        // Whoever was forgotten might repeat what it did; whoever came later did nothing yet.
        return if load.since <= document.forgotten.as_millis() {
            Err(Failure::Forgotten)
        } else {
            Ok(None)
        };
    };
    if load.epoch > record.load.epoch {
        return Ok(None);
    }
    if load.epoch < record.load.epoch || number < record.number {
        return Err(Failure::Superseded);
    }
    if load.nonce != record.load.nonce {
        return Err(Failure::NumberReused);
    }
    if number > record.number {
        return Ok(None);
    }
    if digest != record.digest {
        return Err(Failure::NumberReused);
    }
    // Only a newer build can tell what became of it: it is not done again.
    record.outcome().map(Some).ok_or(Failure::Superseded)
}

/// Runs the step so that a panic in it ends nothing but this attempt.
fn isolated(
    step: &mut Step<'_>,
    sources: Sources<'_>,
    effects: &mut Effects,
) -> Result<Result<Changes, Refusal>, Failure> {
    let result = std::panic::catch_unwind(AssertUnwindSafe(|| step(sources, effects)))
        .map_err(|panic| Failure::Incident(Incident::of_panic("an action panicked", &*panic)))?;
    match result {
        Ok(changes) => Ok(Ok(changes)),
        Err(ChangeError::Action(ActionError::Refused(refusal))) => Ok(Err(refusal)),
        Err(ChangeError::Action(ActionError::Arguments(error))) => {
            Err(Failure::Arguments(error.to_string()))
        }
        Err(ChangeError::Read(error)) => Err(Failure::Invalid(error.to_string())),
        Err(ChangeError::Write(error)) => Err(Failure::Incident(Incident::report(
            "a state value has no JSON form",
            &error,
        ))),
    }
}

/// How an attempt to commit ended; with the state to run again on, where that may be needed.
enum Answer {
    Committed(Arc<Snapshot>),
    /// Nothing was done, because somebody else was first.
    Lost(SessionState),
    /// It is not known. The state may hold it, or it may even get there later.
    Unknown(SessionState),
}

async fn commit(
    core: &Core,
    live: &Live,
    base: &SessionState,
    document: Document,
    id: CommitId,
    now: Timestamp,
) -> Result<Answer, Failure> {
    let Encoded { bytes, size } = document.encode();
    if size > limits::DOCUMENT {
        return Err(Failure::TooLarge);
    }
    if size > limits::DOCUMENT_WARN {
        tracing::warn!(bytes = size, "the document of a session is large");
    }
    let expiry = Expiry {
        idle_until: clock::after(now, core.config.idle),
        absolute: clock::after(document.created, core.config.absolute),
    };
    let commit = Commit {
        id,
        now,
        writes: vec![Write {
            key: live.key().clone(),
            expect: base
                .snapshot()
                .map_or(Expect::Absent, |snapshot| Expect::At(snapshot.version)),
            change: Change::Put(Put {
                bytes,
                expiry,
                owner: None,
            }),
        }],
    };
    let answer = tokio::time::timeout(limits::STORE_DEADLINE, core.store.commit(commit)).await;
    match answer {
        Ok(Ok(CommitOutcome::Committed(versions))) => {
            let version = *versions.first().ok_or(Failure::Unavailable)?;
            Ok(Answer::Committed(Arc::new(Snapshot {
                document,
                version,
                expiry,
            })))
        }
        Ok(Ok(CommitOutcome::Conflict(current))) => {
            let current = current.into_iter().next().ok_or(Failure::Unavailable)?;
            let state = SessionState::of_loaded(current).map_err(|error| unavailable(&error))?;
            live.observe(&state, None, now);
            Ok(Answer::Lost(state))
        }
        Ok(Ok(CommitOutcome::Gone)) => match live.load(&*core.store, now).await {
            // It expired between the load and the commit: what comes next is a new session's.
            Ok(SessionState::Absent | SessionState::Deleted) => Err(Failure::SessionGone),
            Ok(state) => Ok(Answer::Lost(state)),
            Err(error) => Err(unavailable(&error)),
        },
        // If it did land, or still will, the document that is there now names it, or the one that
        // makes the next attempt fail.
        Ok(Ok(CommitOutcome::Unknown)) | Err(_) => live
            .load(&*core.store, now)
            .await
            .map(Answer::Unknown)
            .map_err(|error| unavailable(&error)),
        Ok(Err(StoreError::TooLarge { .. })) => Err(Failure::TooLarge),
        Ok(Err(StoreError::Full(_))) => Err(Failure::Full),
        Ok(Err(error)) => Err(unavailable(&error)),
    }
}

fn unavailable(error: &dyn std::error::Error) -> Failure {
    tracing::warn!(%error, "the store did not do its part");
    Failure::Unavailable
}

/// Waits for a random time that grows with the attempts, so that contenders drift apart.
async fn pause(attempt: u32) {
    let most = 500_u64 << attempt.min(6);
    let micros = u64::from(u32::from_le_bytes(random())) % most;
    tokio::time::sleep(Duration::from_micros(micros)).await;
}
