//! Transactions: a step of user code on a copy, committed by compare-and-set.
//!
//! This is the only caller of [`Store::commit`](crate::store::Store::commit) for sessions and
//! shared values.

mod ending;
mod turns;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

pub(crate) use self::ending::end;
use self::turns::Turns;
use crate::{
    action::{ActionError, Effects, Refusal},
    clock,
    hub::{
        DocumentState, Hush, LoadError, PageDocuments, PageState, SessionState, SharedPlace,
        Snapshot, StreamId,
    },
    incident::Incident,
    limits,
    random::{random, random_id},
    runtime::{Core, Standing},
    session::{Secret, SessionChange, SessionCookie},
    state::{
        ChangeError, Changes, Document, Encoded, Fields, Inputs, Load, Outcome, PreviousSecret,
        RECENT, SharedDocument, Sources, TabId, TabRecord, Targets,
    },
    store::{
        Change, Commit, CommitId, CommitOutcome, Expect, Expiry, Put, StoreError, Timestamp,
        Version, Write,
    },
};

/// Whose state a transaction changes, and what it sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) session: &'a SessionCookie,
    pub(crate) tab: TabId,
    pub(crate) params: &'a [(String, String)],
    pub(crate) inputs: &'a Inputs,
    /// The stream that is not to be woken, because the answer may do its work.
    pub(crate) stream: Option<StreamId>,
}

/// The place of an action in the order of its tab.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbered {
    pub(crate) load: Load,
    pub(crate) number: u64,
    /// Stands for the body of the request, to tell a repetition from another action.
    pub(crate) digest: u64,
    /// Whether the session had committed anything when the load was handed out.
    pub(crate) began: bool,
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
    /// The cookie with the session's new secret, if it was rotated.
    pub(crate) cookie: Option<SessionCookie>,
    /// Of the stream that was not woken, if this was committed just now.
    pub(crate) hush: Option<Hush>,
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
    /// The session's secret was changed a moment ago: try again with the new one.
    Rotated,
    /// What the browser sent does not fit the page.
    Invalid(String),
    /// The arguments are not what the action takes.
    Arguments(String),
    /// User code failed in a way that it should not.
    Incident(Incident),
    /// A document would be too large.
    TooLarge,
    /// The store has no room for another document.
    Full,
    /// Too many actions wait for the same state.
    Busy,
    /// The session acts more often than it may.
    TooOften,
    /// What is stored cannot be read, and was left as it is.
    Damaged,
    /// The store cannot be reached, or others always came first: try again, with the same number.
    Unavailable,
}

/// Runs `step` as a transaction on `documents`.
pub(crate) async fn run(
    core: &Core,
    documents: &PageDocuments,
    scope: Scope<'_>,
    numbered: Option<Numbered>,
    step: &mut Step<'_>,
) -> Result<Done, Failure> {
    let mut transaction = Transaction {
        core,
        documents,
        scope,
        numbered,
        secret: None,
    };
    let (mut base, mut fresh) = transaction.current().await?;
    let mut turns = Turns::none(documents.shared());
    let mut unsure: Vec<Tried> = Vec::new();
    let mut round = 0;
    while round < limits::ATTEMPTS {
        let now = core.clock.now();
        let attempt = match transaction.prepare(&base, &mut unsure, step, now) {
            Ok(Prepared::Attempt(attempt)) => attempt,
            Ok(Prepared::Done(done)) => return Ok(done),
            Err(failure) if fresh => return Err(failure),
            // Another server may have been here since what is known here was true: nobody is told
            // of a failure that came of that.
            Err(failure) => {
                let latest = transaction.load(now).await?;
                if latest.is_what_was(&base) {
                    return Err(failure);
                }
                (base, fresh) = (latest, true);
                continue;
            }
        };
        // Who writes a shared value takes its turn; where somebody else had it, the value has
        // changed meanwhile.
        if !turns
            .take(attempt.next.shared.iter().map(|(place, _)| *place))
            .await?
        {
            (base, fresh) = transaction.current().await?;
            continue;
        }
        let expecting = documents.expect(attempt.tried.commit);
        match transaction.commit(&base, attempt, now).await? {
            Answer::Committed(tried, state) => {
                let stream = scope.stream;
                let hush = stream.and_then(|stream| documents.session().hush(stream));
                let done = tried.done(documents, scope);
                documents.observe(&base, &state, now);
                return Ok(Done { hush, ..done });
            }
            Answer::Lost(state) => base = state,
            Answer::Unknown(tried, state) => {
                unsure.push(tried);
                base = state;
            }
        }
        drop(expecting);
        fresh = true;
        pause(round).await;
        round += 1;
    }
    tracing::warn!(attempts = limits::ATTEMPTS, "others always committed first");
    Err(Failure::Unavailable)
}

/// Whether an unsure attempt may have been done so long ago that the document does not name it any
/// more.
fn outdated(unsure: &[Tried], base: &PageState) -> bool {
    unsure
        .iter()
        .any(|tried| base.session.revision() >= tried.revision + RECENT as u64)
}

/// What stays the same over all attempts.
struct Transaction<'a> {
    core: &'a Core,
    documents: &'a PageDocuments,
    scope: Scope<'a>,
    numbered: Option<Numbered>,
    /// The session's new secret, once an attempt rotates it.
    secret: Option<Secret>,
}

/// What is to be done in one round.
enum Prepared {
    Attempt(Box<Attempt>),
    /// Nothing: it was done before.
    Done(Done),
}

/// How a session lets somebody in.
enum Opened {
    ByHolder(Document),
    /// By the secret before the last, to repeat the very action that replaced it: its answer, with
    /// the new secret, was lost.
    ByPredecessor(Document),
}

/// One run of the step, on its way into the store.
struct Attempt {
    tried: Tried,
    next: Next,
}

/// What is kept of an attempt until it is known how it ended.
struct Tried {
    commit: CommitId,
    /// The revision that it makes.
    revision: u64,
    outcome: Outcome,
    effects: Effects,
    repeated: bool,
    cookie: Option<SessionCookie>,
}

/// What an attempt makes of the documents.
struct Next {
    session: Document,
    owner: Option<Box<str>>,
    /// Of shared values, by their places on the page.
    shared: Vec<(usize, SharedDocument)>,
}

impl Tried {
    /// It is in the store.
    fn done(self, documents: &PageDocuments, scope: Scope<'_>) -> Done {
        if matches!(self.outcome, Outcome::Applied { .. }) && !self.repeated {
            documents
                .session()
                .sent(scope.tab, self.revision, scope.inputs);
        }
        Done {
            outcome: self.outcome,
            effects: self.effects,
            repeated: self.repeated,
            cookie: self.cookie,
            hush: None,
        }
    }
}

/// How an attempt to commit ended; with the state to run again on, where that may be needed.
enum Answer {
    Committed(Tried, PageState),
    /// Nothing was done, because somebody else was first.
    Lost(PageState),
    /// It is not known. The state may hold it, or it may even get there later.
    Unknown(Tried, PageState),
}

impl Transaction<'_> {
    /// The state to start from, and whether the store was asked for it just now.
    async fn current(&self) -> Result<(PageState, bool), Failure> {
        let now = self.core.clock.now();
        match self.documents.known(now) {
            Some(state) => Ok((state, false)),
            None => Ok((self.load(now).await?, true)),
        }
    }

    /// Finds out whether there is anything to do, and does it on a copy.
    fn prepare(
        &mut self,
        base: &PageState,
        unsure: &mut Vec<Tried>,
        step: &mut Step<'_>,
        now: Timestamp,
    ) -> Result<Prepared, Failure> {
        let (document, repeats) = match self.open(base, now)? {
            Opened::ByHolder(document) => (document, false),
            Opened::ByPredecessor(document) => (document, true),
        };
        if let Some(place) = unsure
            .iter()
            .position(|tried| document.comes_from(tried.commit))
        {
            let tried = unsure.swap_remove(place);
            return Ok(Prepared::Done(tried.done(self.documents, self.scope)));
        }
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
                hush: None,
            }));
        }
        if self.numbered.is_none() && outdated(unsure, base) {
            return Err(Failure::Unavailable);
        }
        let attempt = self.draft(base, document, step, now)?;
        Ok(Prepared::Attempt(Box::new(attempt)))
    }

    async fn load(&self, now: Timestamp) -> Result<PageState, Failure> {
        // On the heap, because it is seldom needed and the room for it always would be.
        Box::pin(self.documents.load(&*self.core.store, now))
            .await
            .map_err(|error| not_loaded(&error))
    }

    /// The document that a change starts from, if the session is open to whoever asks.
    fn open(&self, base: &PageState, now: Timestamp) -> Result<Opened, Failure> {
        let cookie = self.scope.session;
        // What was there is not begun anew as if it never had been: a store may have lost it. A task
        // was started by a commit.
        let had_begun = self.numbered.is_none_or(|numbered| numbered.began);
        if matches!(base.session, SessionState::Absent) && had_begun {
            return Err(Failure::SessionGone);
        }
        match self.core.standing(cookie, &base.session, now) {
            Standing::Open => Ok(Opened::ByHolder(match &base.session {
                SessionState::Found(snapshot) => snapshot.document.clone(),
                SessionState::Absent | SessionState::Deleted => {
                    Document::new(cookie.secret.hash(), now)
                }
            })),
            Standing::Gone => self.repeats_rotation(base).ok_or(Failure::SessionGone),
            Standing::Rotated => self.repeats_rotation(base).ok_or(Failure::Rotated),
        }
    }

    /// Whether this is the repetition of the action that replaced the secret which it shows.
    fn repeats_rotation(&self, base: &PageState) -> Option<Opened> {
        let document = &base.session.snapshot()?.document;
        let previous = document.previous.as_ref()?;
        let numbered = self.numbered?;
        let record = document.tabs.get(&self.scope.tab)?;
        let same = previous.secret.matches(&self.scope.session.secret)
            && previous.tab == self.scope.tab
            && previous.number == numbered.number
            && record.number == numbered.number
            && record.digest == numbered.digest
            && record.load.nonce == numbered.load.nonce
            && record.load.epoch == numbered.load.epoch;
        same.then(|| Opened::ByPredecessor(document.clone()))
    }

    /// Whether this number was handled before, and how.
    fn handled(&self, document: &Document) -> Result<Option<Outcome>, Failure> {
        let Some(Numbered {
            load,
            number,
            digest,
            ..
        }) = self.numbered
        else {
            return Ok(None);
        };
        let Some(record) = document.tabs.get(&self.scope.tab) else {
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

    /// Runs the step and writes down what it did.
    fn draft(
        &mut self,
        base: &PageState,
        mut document: Document,
        step: &mut Step<'_>,
        now: Timestamp,
    ) -> Result<Attempt, Failure> {
        let Scope {
            session: cookie,
            tab,
            params,
            inputs,
            ..
        } = self.scope;
        let mut effects = Effects::of(base.session.principal());
        let changes = base.with_sources(params, Some(tab), inputs, |sources| {
            isolated(step, sources, &mut effects)
        })?;
        let commit = CommitId(u128::from_le_bytes(random_id()));
        let revision = base.session.revision() + 1;
        let mut tab_fields = document
            .tabs
            .get(&tab)
            .map(|record| record.fields.clone())
            .unwrap_or_default();
        let mut shared = Vec::new();
        let carried;
        let outcome = match changes {
            Ok(mut changes) => {
                carried = Some(changes.take_carried());
                let mut values = Self::shared_values(base, &changes);
                changes.apply(&mut Targets {
                    session: &mut document,
                    tab: &mut tab_fields,
                    shared: &mut values,
                });
                shared = self.places(values);
                Outcome::Applied {
                    revision,
                    commands: effects.commands.clone(),
                }
            }
            Err(Refusal(message)) => {
                effects = Effects::default();
                let before = document.tabs.get(&tab);
                carried = before.and_then(|record| record.carried_and_undone());
                Outcome::Refused { message }
            }
        };
        let change = std::mem::take(&mut effects.session).into_change();
        if change == Some(SessionChange::LogOut) {
            tab_fields = Fields::new();
        }
        if let Some(Numbered {
            load,
            number,
            digest,
            ..
        }) = self.numbered
        {
            document.record(
                tab,
                TabRecord::new(load, number, digest, &outcome, now.as_millis(), tab_fields)
                    .with_carried(carried),
            );
        } else if let Some(record) = document.tabs.get_mut(&tab) {
            Arc::make_mut(record).fields = tab_fields;
        }
        let mut owner = base.session.principal().map(Box::from);
        let mut handed_out = None;
        if let Some(change) = change {
            match change {
                SessionChange::Rotate => {}
                SessionChange::LogIn(principal) => {
                    owner = Some(principal);
                    document.created = now;
                }
                SessionChange::LogOut => {
                    owner = None;
                    document.begin_anew(now);
                }
            }
            document.previous = Some(Box::new(PreviousSecret {
                secret: cookie.secret.hash(),
                at: now.as_millis(),
                tab,
                number: self.numbered.map_or(0, |numbered| numbered.number),
            }));
            handed_out = Some(self.rotate(&mut document, now));
        }
        document.made_for(commit);
        Ok(Attempt {
            tried: Tried {
                commit,
                revision,
                outcome,
                effects,
                repeated: false,
                cookie: handed_out,
            },
            next: Next {
                session: document,
                owner,
                shared,
            },
        })
    }

    /// Answers the repetition of an action that rotated the secret, with yet another secret: nobody
    /// knows the one that was lost.
    fn hand_out_again(
        &mut self,
        base: &PageState,
        mut document: Document,
        now: Timestamp,
    ) -> Result<Attempt, Failure> {
        let record = document
            .tabs
            .get(&self.scope.tab)
            .ok_or(Failure::SessionGone)?;
        let outcome = record.outcome().ok_or(Failure::Superseded)?;
        let commit = CommitId(u128::from_le_bytes(random_id()));
        let cookie = self.rotate(&mut document, now);
        document.made_for(commit);
        Ok(Attempt {
            tried: Tried {
                commit,
                revision: base.session.revision() + 1,
                outcome,
                effects: Effects::default(),
                repeated: true,
                cookie: Some(cookie),
            },
            next: Next {
                session: document,
                owner: base.session.principal().map(Box::from),
                shared: Vec::new(),
            },
        })
    }

    /// Gives the session a secret that nobody had before; the same in every attempt.
    fn rotate(&mut self, document: &mut Document, now: Timestamp) -> SessionCookie {
        let secret = self.secret.get_or_insert_with(|| Secret(random()));
        document.secret = secret.hash();
        SessionCookie {
            id: self.scope.session.id,
            secret: secret.clone(),
            issued: now,
        }
    }

    /// The shared values that `changes` are written into, by the keys of their fields.
    fn shared_values(base: &PageState, changes: &Changes) -> Vec<(&'static str, SharedDocument)> {
        base.shared
            .iter()
            .filter(|(field, _)| changes.touches(field))
            .map(|(field, state)| {
                let document = state.snapshot().map(|snapshot| snapshot.document.clone());
                (*field, document.unwrap_or_default())
            })
            .collect()
    }

    /// The places of shared values on the page.
    fn places(&self, values: Vec<(&'static str, SharedDocument)>) -> Vec<(usize, SharedDocument)> {
        let place_of = |field| {
            let mut places = self.documents.shared().iter();
            places.position(|place| place.field == field)
        };
        values
            .into_iter()
            .filter_map(|(field, value)| Some((place_of(field)?, value)))
            .collect()
    }

    async fn commit(
        &self,
        base: &PageState,
        attempt: Box<Attempt>,
        now: Timestamp,
    ) -> Result<Answer, Failure> {
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
        for (place, (at, (_, state))) in self
            .documents
            .shared()
            .iter()
            .zip(base.shared.iter().enumerate())
        {
            let expiry = expiry_of(place, now);
            expiries.push(expiry);
            let written = next.shared.iter().find(|(place, _)| *place == at);
            writes.push(Write {
                key: place.live.key().clone(),
                expect: expected(state),
                // What the step may have read must not have changed either.
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
                Ok(Answer::Committed(tried, state))
            }
            Ok(Ok(CommitOutcome::Conflict(current))) => {
                let state = self
                    .documents
                    .read(current)
                    .map_err(|error| not_loaded(&error))?;
                self.documents.observe(base, &state, now);
                Ok(Answer::Lost(state))
            }
            Ok(Ok(CommitOutcome::Gone)) => {
                let state = self.load(now).await?;
                match state.session {
                    // It expired between the load and the commit: what comes next is a new
                    // session's.
                    SessionState::Absent if base.session.snapshot().is_some() => {
                        Err(Failure::SessionGone)
                    }
                    SessionState::Deleted => Err(Failure::SessionGone),
                    _ => Ok(Answer::Lost(state)),
                }
            }
            // If it did land, or still will, the document that is there now names it, or the one
            // that makes the next attempt fail.
            Ok(Ok(CommitOutcome::Unknown)) | Err(_) => {
                let state = self.load(now).await?;
                Ok(Answer::Unknown(attempt.tried, state))
            }
            Ok(Err(StoreError::TooLarge { .. })) => Err(Failure::TooLarge),
            Ok(Err(StoreError::Full(_))) => Err(Failure::Full),
            Ok(Err(error)) => Err(not_loaded(&error.into())),
        }
    }
}

fn expected<C>(state: &DocumentState<C>) -> Expect {
    state.version().map_or(Expect::Absent, Expect::At)
}

/// Until when a shared value is kept that is used now.
fn expiry_of(place: &SharedPlace, now: Timestamp) -> Expiry {
    Expiry {
        idle_until: place
            .ttl
            .map_or(Timestamp::NEVER, |ttl| clock::after(now, ttl)),
        absolute: Timestamp::NEVER,
    }
}

/// Writes a document, unless it is too large.
fn put(
    Encoded { bytes, size }: Encoded,
    expiry: Expiry,
    owner: Option<Box<str>>,
    what: &str,
) -> Result<Change, Failure> {
    if size > limits::DOCUMENT {
        return Err(Failure::TooLarge);
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
) -> Result<PageState, Failure> {
    let mut state = base.clone();
    let at = |place: usize| -> Result<(Version, Expiry), Failure> {
        let version = versions.get(place).ok_or(Failure::Unavailable)?;
        let expiry = expiries.get(place).ok_or(Failure::Unavailable)?;
        Ok((*version, *expiry))
    };
    let (version, expiry) = at(0)?;
    state.session = DocumentState::Found(Arc::new(Snapshot {
        document: next.session,
        version,
        expiry,
        owner: next.owner,
    }));
    for (place, value) in next.shared {
        let (version, expiry) = at(place + 1)?;
        if let Some((_, shared)) = state.shared.get_mut(place) {
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

fn not_loaded(error: &LoadError) -> Failure {
    if error.is_damage() {
        tracing::error!(%error, "a stored document cannot be read");
        Failure::Damaged
    } else {
        tracing::warn!(%error, "the store did not do its part");
        Failure::Unavailable
    }
}

/// Waits for a random time that grows with the attempts, so that contenders drift apart.
async fn pause(attempt: u32) {
    let most = 500_u64 << attempt.min(6);
    let micros = u64::from(u32::from_le_bytes(random())) % most;
    tokio::time::sleep(Duration::from_micros(micros)).await;
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
        assert!(matches!(put(1024 * 1024 + 1), Err(Failure::TooLarge)));
    }
}
