//! A registered page with its type erased, so that one table holds all pages.

use std::{fmt, marker::PhantomData, panic::Location, sync::Arc, time::Duration};

use maud::Render as _;

use super::{Page, View};
use crate::{
    action::{ActionError, Arguments, Effects, Run, Task, TaskFuture, TaskHome},
    context::Cx,
    field::{FieldDescriptor, Home, PageDescriptor},
    signal::{
        Signals,
        first::{self, Known},
    },
    state::{
        ChangeError, Changes, FieldReader, FieldWriter, Fields, Inputs, ReadError, Sources,
        Written, change,
    },
    store::Key,
};

/// A page that was registered with the app.
pub(crate) struct PageEntry {
    pub(crate) descriptor: &'static PageDescriptor,
    pub(crate) fingerprint: u64,
    /// Where the app's author registered it.
    pub(crate) location: &'static Location<'static>,
    /// Whether two tabs of one session can look different.
    pub(crate) per_tab: bool,
    /// Whether two sessions can look different.
    pub(crate) per_session: bool,
    page: Box<dyn ErasedPage>,
}

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

impl PageEntry {
    pub(crate) fn new<P: View>(location: &'static Location<'static>) -> Self {
        let homes = || {
            P::DESCRIPTOR
                .fields
                .iter()
                .filter_map(FieldDescriptor::home)
        };
        Self {
            descriptor: P::DESCRIPTOR,
            fingerprint: P::DESCRIPTOR.fingerprint(
                P::actions()
                    .iter()
                    .map(|action| (action.name, action.arguments)),
            ),
            location,
            per_tab: homes().any(|home| home == Home::Tab),
            per_session: homes().any(|home| !home.is_shared()),
            page: Box::new(Erased::<P>(PhantomData)),
        }
    }

    /// The fingerprint as a document carries it.
    pub(crate) fn mark(&self) -> String {
        format!("{:016x}", self.fingerprint)
    }

    /// The shared values that the page reads under these path parameters: the key of the field, how
    /// long the value is kept after its last use, and the key of its document.
    pub(crate) fn shared_keys(
        &self,
        params: &[(String, String)],
    ) -> impl Iterator<Item = (&'static str, Option<Duration>, Key)> {
        self.descriptor.fields.iter().filter_map(|field| {
            let key = field.document_key(params)?;
            Some((field.key, field.home()?.ttl(), key))
        })
    }

    /// Renders the view.
    ///
    /// # Errors
    ///
    /// [`ReadError::Param`] if the path is not one of this page.
    pub(crate) fn render(&self, sources: Sources<'_>) -> Result<Rendered, ReadError> {
        self.page.render(sources)
    }

    /// Renders the view, and takes note of what its expressions give.
    ///
    /// # Errors
    ///
    /// [`ReadError::Param`] if the path is not one of this page.
    pub(crate) fn render_first(
        &self,
        sources: Sources<'_>,
    ) -> Result<(Rendered, Known), ReadError> {
        self.page.render_first(sources)
    }

    /// Renders the content of the document's head.
    ///
    /// # Errors
    ///
    /// [`ReadError::Param`] if the path is not one of this page.
    pub(crate) fn head(&self, sources: Sources<'_>) -> Result<String, ReadError> {
        self.page.head(sources)
    }

    /// Checks that path parameters are of their types.
    ///
    /// # Errors
    ///
    /// [`ReadError::Param`] if the path is not one of this page.
    pub(crate) fn check_params(&self, params: &[(String, String)]) -> Result<(), ReadError> {
        self.page.check_params(params)
    }

    /// What the action of this name is, if the page has it.
    pub(crate) fn action(&self, name: &str) -> Option<ActionKind> {
        self.page.action(name)
    }

    /// Runs a transaction on a copy.
    pub(crate) fn run(
        &self,
        action: &str,
        arguments: &Arguments<'_>,
        sources: Sources<'_>,
        fx: &mut Effects,
    ) -> Result<Changes, ChangeError<ActionError>> {
        self.page.run(action, arguments, sources, fx)
    }

    /// Makes the future of a task, which does nothing until it is polled.
    pub(crate) fn start(
        &self,
        action: &str,
        arguments: &Arguments<'_>,
        home: Arc<TaskHome>,
    ) -> Result<TaskFuture, ActionError> {
        self.page.start(action, arguments, home)
    }

    /// Checks that the inputs are named like signals of this page; their types are checked when the
    /// page is read.
    pub(crate) fn check_inputs(&self, inputs: &Inputs) -> Result<(), InputError> {
        for name in inputs.values.keys().chain(&inputs.dirty) {
            if !self.descriptor.takes_signal(name) {
                return Err(InputError(name.clone()));
            }
        }
        Ok(())
    }
}

/// A signal that the page does not take from a browser.
#[derive(Debug)]
pub(crate) struct InputError(pub(crate) String);

impl fmt::Debug for PageEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageEntry")
            .field("name", &self.descriptor.name)
            .field("route", &self.descriptor.route)
            .finish_non_exhaustive()
    }
}

trait ErasedPage: Send + Sync {
    fn render(&self, sources: Sources<'_>) -> Result<Rendered, ReadError>;
    fn render_first(&self, sources: Sources<'_>) -> Result<(Rendered, Known), ReadError>;
    fn head(&self, sources: Sources<'_>) -> Result<String, ReadError>;
    fn check_params(&self, params: &[(String, String)]) -> Result<(), ReadError>;
    fn action(&self, name: &str) -> Option<ActionKind>;
    fn run(
        &self,
        action: &str,
        arguments: &Arguments<'_>,
        sources: Sources<'_>,
        fx: &mut Effects,
    ) -> Result<Changes, ChangeError<ActionError>>;
    fn start(
        &self,
        action: &str,
        arguments: &Arguments<'_>,
        home: Arc<TaskHome>,
    ) -> Result<TaskFuture, ActionError>;
}

/// The signals of a page, as the browser gets them.
pub(crate) fn signals_of<P: Page>(page: &P) -> Signals {
    let mut writer = FieldWriter::signals_of(P::DESCRIPTOR);
    page.write(&mut writer);
    P::DESCRIPTOR
        .fields
        .iter()
        .zip(writer.into_written())
        .filter_map(|(field, written)| match written {
            Written::Signal(value) => Some((field.signal_name(), value)),
            Written::State(_) | Written::Param => None,
        })
        .collect()
}

struct Erased<P>(PhantomData<fn() -> P>);

impl<P: View> Erased<P> {
    fn find(name: &str) -> Option<&'static Run<P>> {
        P::actions()
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| &entry.run)
    }
}

impl<P: View> ErasedPage for Erased<P> {
    fn render(&self, sources: Sources<'_>) -> Result<Rendered, ReadError> {
        let page = P::read(&mut FieldReader::new(P::DESCRIPTOR, sources))?;
        let html = page.view(&Cx::new(sources.principal)).into_string();
        let signals = signals_of(&page);
        Ok(Rendered { html, signals })
    }

    fn render_first(&self, sources: Sources<'_>) -> Result<(Rendered, Known), ReadError> {
        let page = P::read(&mut FieldReader::new(P::DESCRIPTOR, sources))?;
        let signals = signals_of(&page);
        let (html, known) = first::observe(signals.to_map(), || {
            page.view(&Cx::new(sources.principal)).into_string()
        });
        Ok((Rendered { html, signals }, known))
    }

    fn head(&self, sources: Sources<'_>) -> Result<String, ReadError> {
        let page = P::read(&mut FieldReader::new(P::DESCRIPTOR, sources))?;
        Ok(page
            .head(&Cx::new(sources.principal))
            .render()
            .into_string())
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
        Self::find(name).map(|run| match run {
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
        change::<P, _>(sources, |page| match Self::find(action) {
            Some(Run::Transaction(run)) => run(page, arguments, fx),
            // A task changes nothing when it is started; its signals are kept all the same.
            Some(Run::Task(_)) | None => Ok(()),
        })
    }

    fn start(
        &self,
        action: &str,
        arguments: &Arguments<'_>,
        home: Arc<TaskHome>,
    ) -> Result<TaskFuture, ActionError> {
        match Self::find(action) {
            Some(Run::Task(start)) => Ok(start(Task::new(home), arguments)?),
            Some(Run::Transaction(_)) | None => Ok(Box::pin(async { Ok(()) })),
        }
    }
}
