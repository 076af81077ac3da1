//! Actions that wait: `async fn name(task: Task<Self>, ..)`.

use std::{fmt, marker::PhantomData, sync::Arc};

use super::{ActionError, Effects};
use crate::{
    command::Command,
    hub::PageDocuments,
    page::Page,
    runtime::Core,
    session::SessionCookie,
    sessions::{SessionHandle, Sessions},
    state::{Inputs, TabId, change},
    transaction::{self, Actor, Failure},
};

/// Given to an `async fn` action: changes the page's state in as many transactions as it likes,
/// and holds none of it while it waits.
///
/// A task is started once, after its start was committed; it is lost if the process ends.
pub struct Task<P> {
    home: Arc<TaskHome>,
    page: PhantomData<fn() -> P>,
}

/// Where a task was started.
#[derive(Debug)]
pub(crate) struct TaskHome {
    pub(crate) core: Arc<Core>,
    pub(crate) documents: PageDocuments,
    pub(crate) session: SessionCookie,
    pub(crate) tab: TabId,
    pub(crate) params: Vec<(String, String)>,
}

impl<P: Page> Task<P> {
    pub(crate) fn new(home: Arc<TaskHome>) -> Self {
        Self {
            home,
            page: PhantomData,
        }
    }

    /// Changes the page as one transaction: `step` works on a copy of the latest committed state,
    /// perhaps several times, and must be pure.
    ///
    /// # Errors
    ///
    /// [`TaskError`] if the session has ended or `step` panicked, and nothing was changed; or if the
    /// store is away, and it may not be known whether it was.
    pub async fn update(&self, mut step: impl FnMut(&mut P) + Send) -> Result<(), TaskError> {
        let TaskHome {
            core,
            documents,
            session,
            tab,
            params,
        } = &*self.home;
        // What the browser sent with the start was true then: what the user changed of it is
        // committed, and may have been changed again.
        let actor = Actor {
            session,
            tab: *tab,
            params,
            inputs: Inputs::none(),
            stream: None,
        };
        let mut step = |sources: crate::state::Sources<'_>, _: &mut Effects| {
            change::<P, ActionError>(sources, |page| {
                step(page);
                Ok(())
            })
        };
        let _turn = documents.session().turn().await;
        transaction::run(core, documents, actor, None, &mut step)
            .await
            .map(drop)
            .map_err(TaskError)
    }

    /// Which session the task belongs to.
    #[must_use]
    pub fn session(&self) -> SessionHandle {
        SessionHandle::of(self.home.session.id)
    }

    /// Who is logged in at this moment; `None` if nobody is, or if the session has ended.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) if the store is away.
    pub async fn principal(&self) -> crate::Result<Option<String>> {
        let TaskHome {
            core, documents, ..
        } = &*self.home;
        let state = documents.load(&*core.store, core.clock.now()).await?;
        Ok(state.session.principal().map(str::to_owned))
    }

    /// The sessions of principals, to list and to end.
    #[must_use]
    pub fn sessions(&self) -> Sessions {
        self.home.core.sessions()
    }

    /// Shows `text` for a few seconds in the tab that started the task, if it is connected.
    pub fn toast(&self, text: impl Into<String>) {
        self.home.tell(&Command::Toast { text: text.into() });
    }

    /// Tells the page's own JavaScript in the tab that started the task, if it is connected, as
    /// [`Effects::emit`] does.
    ///
    /// # Panics
    ///
    /// Panics as [`Effects::emit`] does.
    #[track_caller]
    pub fn emit(&self, name: impl Into<String>, detail: &(impl serde::Serialize + ?Sized)) {
        self.home.tell(&Command::emit(name.into(), detail));
    }
}

impl TaskHome {
    /// Has the browser of the tab told to do something.
    pub(crate) fn tell(&self, command: &Command) {
        self.documents.session().tell(self.tab, command);
    }
}

impl<P> Clone for Task<P> {
    fn clone(&self) -> Self {
        Self {
            home: Arc::clone(&self.home),
            page: PhantomData,
        }
    }
}

impl<P> fmt::Debug for Task<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").finish_non_exhaustive()
    }
}

/// Why a task could not change its page.
#[derive(Debug)]
pub struct TaskError(Failure);

impl TaskError {
    /// Whether the session of the task has ended, so that nothing it does will be seen.
    #[must_use]
    pub fn is_session_gone(&self) -> bool {
        matches!(self.0, Failure::SessionGone)
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Failure::SessionGone => f.write_str("the session has ended"),
            Failure::Incident(incident) => f.write_str(&incident.message()),
            Failure::Damaged => f.write_str("what is stored of the state cannot be read"),
            Failure::TooLarge => f.write_str("the state of the session is too large"),
            _ => f.write_str("the state cannot be changed at the moment"),
        }
    }
}

impl std::error::Error for TaskError {}
