//! Actions that wait: `async fn name(task: Task<Self>, ..)`.

use std::{fmt, future::Future, marker::PhantomData, pin::Pin, sync::Arc};

use super::{Step, effects::emit};
use crate::{
    command::Command,
    error::EffectError,
    refusal::Refusal,
    sessions::{SessionHandle, Sessions},
};

/// Given to an `async fn` action: it changes the page in any number of transactions, and holds no
/// state while it waits.
///
/// The server starts a task once, after it has committed the start. A task is lost if the process
/// ends.
pub struct Task<P> {
    host: Arc<dyn TaskHost>,
    page: PhantomData<fn() -> P>,
}

/// The server's side of a task.
pub(crate) trait TaskHost: Send + Sync {
    /// Runs `step` as a transaction, in the tab that started the task.
    fn update<'a>(&'a self, step: &'a mut Step<'_>) -> HostFuture<'a, Result<(), TaskError>>;

    /// Which session the task belongs to.
    fn session(&self) -> SessionHandle;

    /// Who is logged in at this moment.
    fn principal(&self) -> HostFuture<'_, crate::Result<Option<String>>>;

    /// The sessions of principals.
    fn sessions(&self) -> Sessions;

    /// Sends a command to the tab that started the task, once its stream is there.
    fn tell(&self, command: Command);
}

/// What a [`TaskHost`] returns where it has to wait.
pub(crate) type HostFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl<P> Task<P> {
    pub(crate) fn new(host: Arc<dyn TaskHost>) -> Self {
        Self {
            host,
            page: PhantomData,
        }
    }

    pub(crate) fn host(&self) -> &dyn TaskHost {
        &*self.host
    }

    /// Which session the task belongs to.
    #[must_use]
    pub fn session(&self) -> SessionHandle {
        self.host.session()
    }

    /// Who is logged in at this moment; `None` if nobody is logged in, or if the session has ended.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) if the store is away.
    pub async fn principal(&self) -> crate::Result<Option<String>> {
        self.host.principal().await
    }

    /// The sessions of principals, to list and to end.
    #[must_use]
    pub fn sessions(&self) -> Sessions {
        self.host.sessions()
    }

    /// Shows `text` for a few seconds in the tab that started the task. If the tab has no stream at this
    /// moment, at most 16 messages wait for it for 30 seconds, at the server that runs the task.
    pub fn toast(&self, text: impl Into<String>) {
        self.host.tell(Command::Toast { text: text.into() });
    }

    /// Calls the page's own JavaScript in the tab that started the task, if it is connected, as
    /// [`Effects::emit`](crate::Effects::emit) does.
    ///
    /// # Errors
    ///
    /// [`EffectError`] as [`Effects::emit`](crate::Effects::emit).
    pub fn emit(
        &self,
        name: impl Into<String>,
        detail: &(impl serde::Serialize + ?Sized),
    ) -> Result<(), EffectError> {
        self.host.tell(emit(name.into(), detail)?);
        Ok(())
    }
}

impl<P> Clone for Task<P> {
    fn clone(&self) -> Self {
        Self {
            host: Arc::clone(&self.host),
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
pub struct TaskError(pub(crate) Refusal);

impl TaskError {
    /// Whether the session of the task has ended. Then nobody sees what the task does.
    #[must_use]
    pub fn is_session_gone(&self) -> bool {
        self.0.is(&Refusal::SESSION_GONE)
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message())
    }
}

impl std::error::Error for TaskError {}
