//! What the macros know of a page and its fields, and where each field is kept.

mod mount;
mod scope;
mod segment;

use std::{
    any::{TypeId, type_name},
    borrow::Cow,
    fmt::Write as _,
};

pub(crate) use mount::{add_mount, mount_of, without_mount};
pub(crate) use scope::Home;
pub use scope::{FieldKind, SignalScope, StateScope};
pub use segment::Segment;

/// What the macros know of a page.
#[doc(hidden)]
#[derive(Debug)]
pub struct PageDescriptor {
    /// The name of the struct, the first half of the keys of its fields and of its action names.
    pub name: &'static str,
    /// The route as the author wrote it: `/todo/{id}`.
    pub route: &'static str,
    /// The segments of the route; none for `/`.
    pub segments: &'static [Segment],
    /// `module_path!()` of the struct, so that messages can tell apart two pages of one name.
    pub module: &'static str,
    /// The fields, in the order of the struct.
    pub fields: &'static [FieldDescriptor],
}

impl PageDescriptor {
    /// A hash of everything that two builds must agree on if they share stored state and open tabs:
    /// name and route of the page, names, kinds and written types of its fields, and its actions as
    /// names with the written types of their arguments.
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
                && matches!(field.kind, FieldKind::Signal(_))
                && field.home().is_some()
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
    /// The name of the field. The browser knows a signal by it, unless the signal is local.
    pub name: &'static str,
    /// The stable key under which the field is kept: `Counter.count`. For shared state it is the
    /// pattern of the keys: `room/{room}`.
    pub key: &'static str,
    /// The segments of the key of a shared value; none for other fields.
    pub segments: &'static [Segment],
    /// What the field is.
    pub kind: FieldKind,
    /// Its type as the author wrote it, without spaces: `Option<i64>`.
    pub type_name: &'static str,
    /// The version of its stored form: 1 if the attribute names none.
    pub version: u32,
    /// Its type as the compiler knows it; `None` if the field is not stored.
    pub ty: Option<fn() -> TypeInfo>,
}

impl FieldDescriptor {
    /// The name of a signal in the browser. The name of a local one begins with `_`: by Datastar's
    /// convention, such a signal stays in the browser.
    pub(crate) fn signal_name(&self) -> Cow<'static, str> {
        match self.kind {
            FieldKind::Signal(SignalScope::Local) => Cow::Owned(format!("_{}", self.name)),
            _ => Cow::Borrowed(self.name),
        }
    }
}

/// A stored type as the compiler knows it, to see whether two fields of one key agree.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct TypeInfo {
    /// Equal for equal types.
    pub id: TypeId,
    /// For messages.
    pub name: &'static str,
    /// What its stored values look like, if that is known.
    #[cfg(feature = "testing")]
    pub(crate) shape: Option<fn() -> crate::shape::Shape>,
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

    /// What is known of `T`, whose stored form is what its `Serialize` writes.
    pub(crate) fn stored<T: serde::de::DeserializeOwned + 'static>() -> Self {
        Self {
            #[cfg(feature = "testing")]
            shape: Some(crate::shape::trace::<T>),
            ..Self::of::<T>()
        }
    }
}

/// Stops the compilation, at the place of the call, if an action has the name of a signal.
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
