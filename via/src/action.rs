//! Actions: the only functions that a browser can call.

mod args;
mod effects;
mod task;

use std::{any::Any, fmt, future::Future, pin::Pin};

use crate::{
    incident::Incident,
    state::{ChangeError, Changes, Sources},
};

pub use args::{Argument, ArgumentError, ArgumentJson, ArgumentList, Arguments};
pub use effects::Effects;
pub(crate) use task::{HostFuture, TaskHost};
pub use task::{Task, TaskError};

pub use crate::signal::action_handle::ActionHandle;

/// One row of a page's closed table of actions.
#[doc(hidden)]
pub struct ActionEntry<P> {
    /// The stable name: `Counter::increment`.
    pub name: &'static str,
    /// Its arguments as they were written, without spaces: `place:usize,to:Option<String>`.
    pub arguments: &'static str,
    /// What runs.
    pub run: Run<P>,
}

/// What an action does.
#[doc(hidden)]
pub enum Run<P> {
    /// `fn name(&mut self, ..)`: runs on a copy, and again if another commit comes first.
    Transaction(fn(&mut P, &Arguments<'_>, &mut Effects) -> Result<(), ActionError>),
    /// `async fn name(task: Task<Self>, ..)`: the server starts it once, after it has committed its
    /// number.
    Task(fn(Task<P>, &Arguments<'_>) -> Result<TaskFuture, ArgumentError>),
}

/// A run of an action or of a task's update: it may run several times, each time on a fresh copy.
pub(crate) type Step<'a> =
    dyn FnMut(Sources<'_>, &mut Effects) -> Result<Changes, ChangeError<ActionError>> + Send + 'a;

/// The body of a task.
#[doc(hidden)]
pub type TaskFuture = Pin<Box<dyn Future<Output = Result<(), Rejection>> + Send>>;

/// Makes the body of a task fit the table; called by generated code.
#[doc(hidden)]
pub fn task_future<R: ActionResult>(body: impl Future<Output = R> + Send + 'static) -> TaskFuture {
    Box::pin(async move { body.await.into_result() })
}

impl<P> fmt::Debug for Run<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transaction(_) => "Transaction",
            Self::Task(_) => "Task",
        })
    }
}

impl<P> fmt::Debug for ActionEntry<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActionEntry")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Why an action changed nothing.
#[doc(hidden)]
#[derive(Debug)]
pub enum ActionError {
    /// The arguments are not what it takes.
    Arguments(ArgumentError),
    /// It returned `Err`.
    Refused(Rejection),
    /// It would start so many tasks, and the session may not run so many more.
    TooManyTasks {
        /// How many it starts.
        starts: usize,
        /// How many a session may run.
        limit: usize,
    },
}

impl From<ArgumentError> for ActionError {
    fn from(error: ArgumentError) -> Self {
        Self::Arguments(error)
    }
}

impl From<Rejection> for ActionError {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}

/// What an action's `Err` says to the user.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection(pub String);

/// What an action may return: nothing, or `Result<(), E>` whose error is shown to the user.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "an action must return nothing or `Result<(), E>`, not `{Self}`",
    label = "an action cannot return this type",
    note = "to show a value, store it in a field of the page and show the field in the view",
    note = "`E` must implement `Display`, because the user sees its text"
)]
pub trait ActionResult {
    /// The same as a plain value.
    ///
    /// # Errors
    ///
    /// The text of the action's own error.
    fn into_result(self) -> Result<(), Rejection>;
}

#[diagnostic::do_not_recommend]
impl ActionResult for () {
    fn into_result(self) -> Result<(), Rejection> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: fmt::Display + 'static> ActionResult for Result<(), E> {
    fn into_result(self) -> Result<(), Rejection> {
        self.map_err(|error| {
            // What the store says is for the log, and tells users nothing.
            let internal = (&error as &dyn Any).downcast_ref::<crate::Error>();
            match internal.filter(|error| !error.is_effect()) {
                Some(error) => {
                    let details = format!("{error:?}");
                    Rejection(Incident::report("an action failed", &details).message())
                }
                None => Rejection(error.to_string()),
            }
        })
    }
}
