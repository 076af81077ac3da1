//! The code of a page whose type is erased, so that one table holds all pages.

use std::{marker::PhantomData, sync::Arc};

use maud::Render as _;

use super::{Cx, View, change, signals_of};
use crate::{
    action::{ActionError, Arguments, Effects, Run, Task, TaskFuture, TaskHost},
    field::mount_of,
    signal::{
        Signals,
        first::{self, Known},
    },
    state::{ChangeError, Changes, FieldReader, Fields, Inputs, ReadError, Sources},
};

/// What a page shows: the content of its root, and the signals that go with it.
#[derive(Debug)]
pub(crate) struct Rendered {
    pub(crate) html: String,
    pub(crate) signals: Signals,
}

/// An action of a page, found in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActionKind {
    Transaction,
    Task,
}

/// What the server calls of a page.
///
/// Every method that reads the page fails with [`ReadError::Param`] if the path is not one of this
/// page.
pub(crate) trait PageCode: Send + Sync {
    /// Renders the view.
    fn render(&self, sources: Sources<'_>) -> Result<Rendered, ReadError>;

    /// Renders the view, and notes the values of its expressions.
    fn render_first(&self, sources: Sources<'_>) -> Result<(Rendered, Known), ReadError>;

    /// Renders the content of the document's head.
    fn head(&self, sources: Sources<'_>) -> Result<String, ReadError>;

    /// Checks that path parameters are of their types.
    fn check_params(&self, params: &[(String, String)]) -> Result<(), ReadError>;

    /// What the action of this name is, if the page has it.
    fn action(&self, name: &str) -> Option<ActionKind>;

    /// Runs an action on a copy.
    fn run(
        &self,
        action: &str,
        arguments: &Arguments<'_>,
        sources: Sources<'_>,
        fx: &mut Effects,
    ) -> Result<Changes, ChangeError<ActionError>>;

    /// Makes the future of a task, which does nothing before its first poll.
    fn start(
        &self,
        action: &str,
        arguments: &Arguments<'_>,
        host: Arc<dyn TaskHost>,
    ) -> Result<TaskFuture, ActionError>;
}

/// The code of a page of this type.
pub(super) fn code_of<P: View>() -> &'static dyn PageCode {
    const { &PhantomData::<fn() -> P> }
}

/// The handles for a view of the page in this state.
fn cx<P: View>(sources: &Sources<'_>) -> Cx<P> {
    Cx::new(sources.principal, mount_of(sources.params))
}

fn find<P: View>(name: &str) -> Option<&'static Run<P>> {
    P::actions()
        .iter()
        .find(|entry| entry.name == name)
        .map(|entry| &entry.run)
}

impl<P: View> PageCode for PhantomData<fn() -> P> {
    fn render(&self, sources: Sources<'_>) -> Result<Rendered, ReadError> {
        let page = P::read(&mut FieldReader::new(P::DESCRIPTOR, sources))?;
        let html = page.view(&cx(&sources)).into_string();
        let signals = signals_of(&page);
        Ok(Rendered { html, signals })
    }

    fn render_first(&self, sources: Sources<'_>) -> Result<(Rendered, Known), ReadError> {
        let page = P::read(&mut FieldReader::new(P::DESCRIPTOR, sources))?;
        let signals = signals_of(&page);
        let (html, known) =
            first::observe(signals.to_map(), || page.view(&cx(&sources)).into_string());
        Ok((Rendered { html, signals }, known))
    }

    fn head(&self, sources: Sources<'_>) -> Result<String, ReadError> {
        let page = P::read(&mut FieldReader::new(P::DESCRIPTOR, sources))?;
        Ok(page.head(&cx(&sources)).render().into_string())
    }

    fn check_params(&self, params: &[(String, String)]) -> Result<(), ReadError> {
        let sources = Sources {
            session: &Fields::new(),
            tab: &Fields::new(),
            shared: &[],
            principal: None,
            params,
            inputs: Inputs::none(),
        };
        P::read(&mut FieldReader::new(P::DESCRIPTOR, sources)).map(drop)
    }

    fn action(&self, name: &str) -> Option<ActionKind> {
        find::<P>(name).map(|run| match run {
            Run::Transaction(_) => ActionKind::Transaction,
            Run::Task(_) => ActionKind::Task,
        })
    }

    fn run(
        &self,
        action: &str,
        arguments: &Arguments<'_>,
        sources: Sources<'_>,
        fx: &mut Effects,
    ) -> Result<Changes, ChangeError<ActionError>> {
        change::<P, _>(sources, |page| match find::<P>(action) {
            Some(Run::Transaction(run)) => run(page, arguments, fx),
            // A task changes nothing when it is started; its signals are kept all the same.
            Some(Run::Task(_)) | None => Ok(()),
        })
    }

    fn start(
        &self,
        action: &str,
        arguments: &Arguments<'_>,
        host: Arc<dyn TaskHost>,
    ) -> Result<TaskFuture, ActionError> {
        match find::<P>(action) {
            Some(Run::Task(start)) => Ok(start(Task::new(host), arguments)?),
            Some(Run::Transaction(_)) | None => Ok(Box::pin(async { Ok(()) })),
        }
    }
}
