//! What a page is to the runtime: the traits that the macros implement, and their descriptors.

mod entry;
mod place;
mod segment;

use std::{
    any::{TypeId, type_name},
    borrow::Cow,
    fmt::Write as _,
    ops::Deref,
};

use maud::{Markup, html};

pub(crate) use entry::{ActionKind, PageEntry, Rendered, signals_of};
pub use segment::Segment;

use crate::{
    action::ActionEntry,
    context::Cx,
    state::{FieldReader, FieldWriter, ReadError},
};

/// A struct annotated with [`#[via::page]`](macro@crate::page); implemented by that macro alone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a page",
    label = "not a page",
    note = "annotate the struct with `#[via::page(\"/path\")]`"
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

    /// The closed table of actions: empty where the page has no `#[via::actions]` block.
    #[doc(hidden)]
    fn actions() -> &'static [ActionEntry<Self>];
}

/// How a page looks: a pure function of the struct.
///
/// Equal fields must give equal HTML: a render is shared between tabs, skipped and compared. So no
/// clock, no random number and no I/O in here.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no view",
    label = "this page cannot be shown",
    note = "write `impl View for {Self} {{ fn view(&self, cx: &Cx<Self>) -> Markup {{ html! {{ .. }} }} }}`"
)]
pub trait View: Page {
    /// The content of the page's body.
    fn view(&self, cx: &Cx<Self>) -> Markup;

    /// The content of the document's head, rendered once per page load: title, description.
    ///
    /// The stylesheets of the [`App`](crate::App) are added to it. By default the title is the
    /// name of the page.
    fn head(&self, cx: &Cx<Self>) -> Markup {
        let _ = cx;
        html! { title { (Self::DESCRIPTOR.name) } }
    }
}

/// What the macros know of a page.
#[doc(hidden)]
#[derive(Debug)]
pub struct PageDescriptor {
    /// The name of the struct, the first half of the keys of its fields and of its action names.
    pub name: &'static str,
    /// The route as it was written: `/todo/{id}`.
    pub route: &'static str,
    /// The segments of the route; none for `/`.
    pub segments: &'static [Segment],
    /// `module_path!()` of the struct, to tell two of one name apart in messages.
    pub module: &'static str,
    /// The fields, in the order of the struct.
    pub fields: &'static [FieldDescriptor],
}

impl PageDescriptor {
    /// A hash of everything that must agree between two builds which share stored state and open
    /// tabs: names, kinds and written types of the fields, name and route of the page, and its
    /// actions, as names with the written types of their arguments.
    #[must_use]
    pub(crate) fn fingerprint<'a>(&self, actions: impl Iterator<Item = (&'a str, &'a str)>) -> u64 {
        let mut text = format!("{}\n{}\n", self.name, self.route);
        for field in self.fields {
            let FieldDescriptor {
                key,
                kind,
                type_name,
                version,
                ..
            } = field;
            // Writing to a string does not fail.
            let _ = writeln!(text, "{key}\t{kind:?}\t{type_name}\t{version}");
        }
        // Their order means nothing.
        let mut actions: Vec<_> = actions.collect();
        actions.sort_unstable();
        for (name, arguments) in actions {
            let _ = writeln!(text, "{name}\t{arguments}");
        }
        xxhash_rust::xxh3::xxh3_64(text.as_bytes())
    }

    /// Whether a browser may send a value for a signal of this name.
    pub(crate) fn takes_signal(&self, name: &str) -> bool {
        self.fields.iter().any(|field| {
            field.name == name
                && matches!(
                    field.kind,
                    FieldKind::Signal(SignalScope::Session | SignalScope::Tab)
                )
        })
    }

    /// Whether a field is a signal that the browser knows under this name.
    #[must_use]
    pub const fn has_signal(&self, name: &str) -> bool {
        let mut i = 0;
        while i < self.fields.len() {
            let field = &self.fields[i];
            if matches!(field.kind, FieldKind::Signal(_)) && equal(field.name, name) {
                return true;
            }
            i += 1;
        }
        false
    }
}

/// One field of a page.
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldDescriptor {
    /// The name of the field; a signal has it in the browser too, unless it is local.
    pub name: &'static str,
    /// The stable key under which it is kept: `Counter.count`; for shared state the pattern of
    /// its keys: `room/{room}`.
    pub key: &'static str,
    /// The segments of the key of a shared value; none for other fields.
    pub segments: &'static [Segment],
    /// What the field is.
    pub kind: FieldKind,
    /// Its type as it was written, without spaces: `Option<i64>`.
    pub type_name: &'static str,
    /// The version of its stored form: 1 where the attribute says nothing.
    pub version: u32,
    /// Its type as the compiler knows it; `None` for what is not stored.
    pub ty: Option<fn() -> TypeInfo>,
}

/// A stored type as the compiler knows it, to see whether two fields of one key agree.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct TypeInfo {
    /// Equal for equal types.
    pub id: TypeId,
    /// For people.
    pub name: &'static str,
    /// What its stored values look like, if that is known.
    #[cfg(feature = "testing")]
    pub(crate) shape: Option<fn() -> crate::testing::Shape>,
}

impl TypeInfo {
    /// What is known of `T`.
    #[must_use]
    pub fn of<T: 'static>() -> Self {
        Self {
            id: TypeId::of::<T>(),
            name: type_name::<T>(),
            #[cfg(feature = "testing")]
            shape: None,
        }
    }

    /// What is known of `T`, which is stored by its `Serialize`.
    pub(crate) fn stored<T: serde::de::DeserializeOwned + 'static>() -> Self {
        Self {
            #[cfg(feature = "testing")]
            shape: Some(crate::testing::trace::<T>),
            ..Self::of::<T>()
        }
    }
}

impl FieldDescriptor {
    /// The name of a signal in the browser. A local one begins with `_`, which by Datastar's
    /// convention keeps it there.
    pub(crate) fn signal_name(&self) -> Cow<'static, str> {
        match self.kind {
            FieldKind::Signal(SignalScope::Local) => Cow::Owned(format!("_{}", self.name)),
            _ => Cow::Borrowed(self.name),
        }
    }
}

/// What a field is, from its attribute.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// `#[state]`
    State(StateScope),
    /// `#[signal]`
    Signal(SignalScope),
    /// `#[param]`
    Param,
}

/// Who shares a state field.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateScope {
    /// `#[state]`: all tabs of the session.
    Session,
    /// `#[state(tab)]`: one tab.
    Tab,
    /// `#[state(app)]`: everyone.
    App,
    /// `#[state(shared = "room/{room}")]`: everyone who opens the same key.
    Shared {
        /// For how many seconds after its last use a value is kept; for ever if `None`.
        ttl: Option<u64>,
    },
}

/// Who shares a signal.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalScope {
    /// `#[signal]`: all tabs of the session, after a commit.
    Session,
    /// `#[signal(tab)]`: one tab.
    Tab,
    /// `#[signal(local)]`: never leaves the browser.
    Local,
}

/// Stops the compilation, at the place of the call, where an action is named like a signal.
///
/// # Panics
///
/// Panics with `message` if `page` has a signal of that name.
#[doc(hidden)]
#[track_caller]
pub const fn assert_not_a_signal(page: &PageDescriptor, name: &str, message: &str) {
    assert!(!page.has_signal(name), "{}", message);
}

/// Stops the compilation, with the span of the call, if another field of the page can be kept under
/// the key of the field `name`.
///
/// # Panics
///
/// Panics with `message` if there is such a field.
#[doc(hidden)]
#[track_caller]
pub const fn assert_own_key(page: &PageDescriptor, name: &str, message: &str) {
    let mut i = 0;
    while i < page.fields.len() {
        if equal(page.fields[i].name, name) {
            let mut j = 0;
            while j < page.fields.len() {
                let shared = i != j && page.fields[i].can_share_a_key(&page.fields[j]);
                assert!(!shared, "{}", message);
                j += 1;
            }
        }
        i += 1;
    }
}

const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
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

/// The step from the handles of a page's signals to those of its actions: it derefs to the latter
/// where there are any.
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

/// Finds the action table of a page that may have none: `(&Probe::<Counter>::NEW).table()` takes
/// [`WithActions`] where it applies and [`WithoutActions`] elsewhere, by method resolution.
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

impl<P: Page> Deref for Cx<P> {
    type Target = P::Handles;

    fn deref(&self) -> &P::Handles {
        self.handles()
    }
}
