//! The sources from which fields are read, and the targets into which they are written.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};

use serde_json::Value;

use super::{Document, Fields, SharedDocument};
use crate::field::{FieldDescriptor, Home};

/// The signals that a browser sent with an action.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs {
    /// Their values by name, shared with the streams that show the result.
    pub(crate) values: Arc<BTreeMap<String, Value>>,
    /// The names of those that the user changed. Only these are stored; the action sees all of them.
    pub(crate) dirty: BTreeSet<String>,
}

impl Inputs {
    /// No signals.
    pub(crate) fn none() -> &'static Self {
        static NONE: LazyLock<Inputs> = LazyLock::new(Inputs::default);
        &NONE
    }
}

/// The sources of the fields of one page in one tab.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sources<'a> {
    /// Fields that all tabs of the session share.
    pub(crate) session: &'a Fields,
    /// Fields of this tab only.
    pub(crate) tab: &'a Fields,
    /// Shared values by the keys of their fields. A missing value was never written.
    pub(crate) shared: &'a [(&'static str, &'a Fields)],
    /// The principal who is logged in.
    pub(crate) principal: Option<&'a str>,
    /// Path parameters, by name.
    pub(crate) params: &'a [(String, String)],
    /// Signals from the browser, which take precedence over stored ones.
    pub(crate) inputs: &'a Inputs,
}

impl<'a> Sources<'a> {
    /// The stored values that include the value of `field`; `None` if there are none.
    pub(super) fn fields(&self, field: &FieldDescriptor) -> Option<&'a Fields> {
        match field.home()? {
            Home::Session => Some(self.session),
            Home::Tab => Some(self.tab),
            Home::App | Home::Shared { .. } => self
                .shared
                .iter()
                .find(|(key, _)| *key == field.key)
                .map(|(_, fields)| *fields),
        }
    }
}

/// The documents into which changes are written.
#[derive(Debug)]
pub(crate) struct Targets<'a> {
    pub(crate) session: &'a mut Document,
    /// Fields of this tab only.
    pub(crate) tab: &'a mut Fields,
    /// Shared values by the keys of their fields.
    pub(crate) shared: &'a mut [(&'static str, SharedDocument)],
}

impl Targets<'_> {
    /// The stored values that include the value of `field`; `None` if the field is not stored.
    pub(super) fn fields(&mut self, field: &FieldDescriptor) -> Option<&mut Fields> {
        match field.home()? {
            Home::Session => Some(&mut self.session.fields),
            Home::Tab => Some(self.tab),
            Home::App | Home::Shared { .. } => self
                .shared
                .iter_mut()
                .find(|(key, _)| *key == field.key)
                .map(|(_, shared)| &mut shared.fields),
        }
    }
}
