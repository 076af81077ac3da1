//! What a page is to the server: the traits that the macros implement.

mod change;
mod code;
mod context;
mod entry;
mod signals;

use std::ops::Deref;

use maud::{Markup, html};

use change::change;
pub(crate) use code::{ActionKind, Rendered};
pub use context::Cx;
pub(crate) use entry::PageEntry;
use signals::signals_of;

use crate::{
    action::ActionEntry,
    field::PageDescriptor,
    state::{FieldReader, FieldWriter, ReadError},
};

/// A struct annotated with [`#[via::page]`](macro@crate::page); implemented by that macro alone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a page",
    label = "not a page",
    note = "add `#[via::page(\"/path\")]` to the struct"
)]
pub trait Page: Send + Sync + Sized + 'static {
    /// Name, route and fields.
    #[doc(hidden)]
    const DESCRIPTOR: &'static PageDescriptor;

    /// One method per signal; with `#[via::actions]`, it derefs to one method per action.
    #[doc(hidden)]
    type Handles: Default + Send + Sync + 'static;

    /// Builds the struct, field by field, in the order of [`PageDescriptor::fields`].
    ///
    /// # Errors
    ///
    /// [`ReadError`] if a path parameter or a signal of the browser is not of its type.
    #[doc(hidden)]
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, ReadError>;

    /// Writes every field, in the order of [`PageDescriptor::fields`].
    #[doc(hidden)]
    fn write(&self, fields: &mut FieldWriter);

    /// The closed table of actions: empty if the page has no `#[via::actions]` block.
    #[doc(hidden)]
    fn actions() -> &'static [ActionEntry<Self>];
}

/// How a page looks: a pure function of the struct.
///
/// Equal fields must give equal HTML, because the server shares one render between tabs, skips renders
/// and compares them. So use no clock, no random number and no I/O in a view.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no view",
    label = "this page cannot be shown",
    note = "add `impl View for {Self} {{ fn view(&self, cx: &Cx<Self>) -> Markup {{ html! {{ .. }} }} }}`"
)]
pub trait View: Page {
    /// The content of the page's body.
    fn view(&self, cx: &Cx<Self>) -> Markup;

    /// The content of the document's head: title, description. The server renders it once per page
    /// load.
    ///
    /// The server adds the stylesheets of the [`App`](crate::App), and a small icon if there is no
    /// `link rel="icon"`. The default title is the name of the page.
    fn head(&self, cx: &Cx<Self>) -> Markup {
        let _ = cx;
        html! { title { (Self::DESCRIPTOR.name) } }
    }
}

/// A struct with an [`#[via::actions]`](macro@crate::actions) block; implemented by that macro.
#[doc(hidden)]
pub trait Actions: Page {
    /// One method per action.
    type Handles: Send + Sync + 'static;

    /// Their only value.
    const HANDLES: &'static <Self as Actions>::Handles;

    /// The table, in the order of the block.
    const TABLE: &'static [ActionEntry<Self>];
}

/// The step from the handles of a page's signals to those of its actions: it derefs to the latter if
/// the page has actions.
#[doc(hidden)]
#[derive(Debug)]
pub struct ActionHandles<P>(std::marker::PhantomData<fn() -> P>);

impl<P> ActionHandles<P> {
    /// Its only value.
    pub const NEW: Self = Self(std::marker::PhantomData);
}

impl<P: Actions> Deref for ActionHandles<P> {
    type Target = <P as Actions>::Handles;

    fn deref(&self) -> &Self::Target {
        P::HANDLES
    }
}

/// Finds the action table of a page that may have none. By method resolution,
/// `(&Probe::<Counter>::NEW).table()` takes [`WithActions`] if it applies, and [`WithoutActions`]
/// otherwise.
#[doc(hidden)]
#[derive(Debug)]
pub struct Probe<P>(std::marker::PhantomData<P>);

impl<P> Probe<P> {
    /// The probe.
    pub const NEW: Self = Self(std::marker::PhantomData);
}

#[doc(hidden)]
pub trait WithActions {
    type Page: Page;
    fn table(&self) -> &'static [ActionEntry<Self::Page>];
}

impl<P: Actions> WithActions for Probe<P> {
    type Page = P;
    fn table(&self) -> &'static [ActionEntry<P>] {
        P::TABLE
    }
}

#[doc(hidden)]
pub trait WithoutActions {
    type Page: Page;
    fn table(&self) -> &'static [ActionEntry<Self::Page>];
}

impl<P: Page> WithoutActions for &Probe<P> {
    type Page = P;
    fn table(&self) -> &'static [ActionEntry<P>] {
        &[]
    }
}
