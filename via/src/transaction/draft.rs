//! Runs the step on a copy and records what it did.

use std::{panic::AssertUnwindSafe, sync::Arc};

use super::{
    Actor, Authority, Numbered,
    attempt::{Attempt, Next, Transaction, Tried},
};
use crate::{
    action::{ActionError, Effects, Rejection, Step},
    hub::{PageState, TaskAuthority},
    incident::Incident,
    random::{random, random_id},
    refusal::Refusal,
    session::{Secret, SessionChange, SessionCookie},
    state::{
        ChangeError, Changes, Document, Fields, Outcome, PreviousSecret, RefusedBy, SharedDocument,
        Sources, TabRecord, Targets,
    },
    store::{CommitId, Timestamp},
};

impl Transaction<'_> {
    /// Runs the step and records what it did.
    pub(super) fn draft(
        &mut self,
        base: &PageState,
        mut document: Document,
        step: &mut Step<'_>,
        now: Timestamp,
    ) -> Result<Attempt, Refusal> {
        let Actor {
            authority,
            tab,
            starts_task,
            ..
        } = self.actor;
        let mut effects = Effects::of(base.session.principal());
        let changes = self.run_step(base, step, &mut effects, now)?;
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
                shared = self.indexed(values);
                Outcome::Applied {
                    revision,
                    commands: effects.commands.clone(),
                }
            }
            Err(Refused { message, by }) => {
                effects = Effects::default();
                let before = document.tabs.get(&tab);
                carried = before.and_then(|record| record.carried_and_undone());
                Outcome::Refused { message, by }
            }
        };
        let change = std::mem::take(&mut effects.session).into_change();
        let begins_anew = change
            .as_ref()
            .is_some_and(|change| change.begins_anew(base.session.principal()));
        if begins_anew {
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
        if self.numbered.is_some() {
            document.note_first_use();
        }
        let mut owner = base.session.principal().map(Box::from);
        let mut handed_out = None;
        if let (Some(change), Authority::Browser(cookie)) = (change, authority) {
            if begins_anew {
                document.begin_anew(now);
            }
            handed_out = Some(self.carry_out(change, cookie, &mut document, &mut owner, now));
        }
        document.made_for(commit);
        let task = starts_task.then(|| TaskAuthority::new(owner.as_deref(), &document));
        Ok(Attempt {
            tried: Tried {
                commit,
                revision,
                outcome,
                effects,
                repeated: false,
                cookie: handed_out,
                task,
            },
            next: Next {
                session: document,
                owner,
                shared,
            },
        })
    }

    /// Runs the step, unless somebody else or another build is meant by the click.
    fn run_step(
        &self,
        base: &PageState,
        step: &mut Step<'_>,
        effects: &mut Effects,
        now: Timestamp,
    ) -> Result<Result<Changes, Refused>, Refusal> {
        if self.is_of_another_user(base, now) {
            return Ok(Err(Refused::of_another_user()));
        }
        if self.numbered.is_some_and(|numbered| numbered.is_stale) {
            return Ok(Err(Refused::of_another_build()));
        }
        let Actor {
            tab,
            params,
            inputs,
            ..
        } = self.actor;
        let ran = base.with_sources(params, Some(tab), inputs, |sources| {
            isolated(step, sources, effects)
        })?;
        Ok(ran.map_err(Refused::by_app))
    }

    /// Logs in or out, and gives the session a new secret.
    fn carry_out(
        &mut self,
        change: SessionChange,
        cookie: &SessionCookie,
        document: &mut Document,
        owner: &mut Option<Box<str>>,
        now: Timestamp,
    ) -> SessionCookie {
        match change {
            SessionChange::Rotate => {}
            SessionChange::LogIn { principal, .. } => {
                *owner = Some(principal);
                document.created = now;
            }
            SessionChange::LogOut => *owner = None,
        }
        document.previous = Some(Box::new(PreviousSecret {
            secret: cookie.secret.hash(),
            at: now.as_millis(),
            tab: self.actor.tab,
            number: self.numbered.map_or(0, |numbered| numbered.number),
        }));
        self.rotate(cookie, document, now)
    }

    /// Answers the repetition of an action that rotated the secret. It hands out another secret,
    /// because the one of the first answer was lost.
    pub(super) fn hand_out_again(
        &mut self,
        holder: &SessionCookie,
        base: &PageState,
        mut document: Document,
        now: Timestamp,
    ) -> Result<Attempt, Refusal> {
        let record = document
            .tabs
            .get(&self.actor.tab)
            .ok_or(Refusal::SESSION_GONE)?;
        let outcome = record.outcome().ok_or(Refusal::SUPERSEDED)?;
        let commit = CommitId(u128::from_le_bytes(random_id()));
        let cookie = self.rotate(holder, &mut document, now);
        document.made_for(commit);
        Ok(Attempt {
            tried: Tried {
                commit,
                revision: base.session.revision() + 1,
                outcome,
                effects: Effects::default(),
                repeated: true,
                cookie: Some(cookie),
                task: None,
            },
            next: Next {
                session: document,
                owner: base.session.principal().map(Box::from),
                shared: Vec::new(),
            },
        })
    }

    /// Gives the session a new secret, the same in every attempt.
    fn rotate(
        &mut self,
        cookie: &SessionCookie,
        document: &mut Document,
        now: Timestamp,
    ) -> SessionCookie {
        let secret = self.secret.get_or_insert_with(|| Secret(random()));
        document.secret = secret.hash();
        SessionCookie {
            id: cookie.id,
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

    /// The same by their indexes among the shared values of the page.
    fn indexed(&self, values: Vec<(&'static str, SharedDocument)>) -> Vec<(usize, SharedDocument)> {
        let index_of = |field| {
            let mut shown = self.stored.documents.shared().iter();
            shown.position(|value| value.field == field)
        };
        values
            .into_iter()
            .filter_map(|(field, value)| Some((index_of(field)?, value)))
            .collect()
    }
}

/// Why an action changes nothing.
struct Refused {
    message: String,
    by: RefusedBy,
}

impl Refused {
    fn by_app(Rejection(message): Rejection) -> Self {
        Self {
            message,
            by: RefusedBy::App,
        }
    }

    fn of_another_user() -> Self {
        Self {
            message: Refusal::IDENTITY_CHANGED.message().to_owned(),
            by: RefusedBy::Identity,
        }
    }

    /// This is recorded too, so that a server of that build, which may still run the action, commits nothing.
    fn of_another_build() -> Self {
        Self {
            message: Refusal::STALE_PAGE.message().to_owned(),
            by: RefusedBy::Build,
        }
    }
}

/// Runs the step so that a panic in it ends only this attempt.
fn isolated(
    step: &mut Step<'_>,
    sources: Sources<'_>,
    effects: &mut Effects,
) -> Result<Result<Changes, Rejection>, Refusal> {
    let result = std::panic::catch_unwind(AssertUnwindSafe(|| step(sources, effects)))
        .map_err(|panic| Incident::of_panic("an action panicked", &*panic).refusal())?;
    match result {
        Ok(changes) => Ok(Ok(changes)),
        Err(ChangeError::Action(ActionError::Refused(rejection))) => Ok(Err(rejection)),
        Err(ChangeError::Action(ActionError::TooManyTasks { starts, limit })) => {
            if starts <= limit {
                return Err(Refusal::BUSY);
            }
            // It would be too much even if no other task ran.
            let details = format_args!("{starts} at once, and {limit} may run");
            Err(Incident::report("an action starts too many tasks", &details).refusal())
        }
        Err(ChangeError::Action(ActionError::Arguments(error))) => {
            Err(Refusal::INVALID_ARGUMENTS.saying(error.to_string()))
        }
        Err(ChangeError::Read(error)) => Err(Refusal::INVALID_SIGNAL.saying(error.to_string())),
        Err(ChangeError::Write(error)) => {
            Err(Incident::report("a state value has no JSON form", &error).refusal())
        }
    }
}
