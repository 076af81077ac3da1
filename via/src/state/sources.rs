//! Where the values of fields come from, and where they go.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};

use serde_json::Value;

use super::{Document, Fields, SharedDocument};
use crate::field::{FieldDescriptor, Home};

/// The signals of a browser, as it sent them with an action.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs {
    /// Their values, by name; shared with the streams that show what they become.
    pub(crate) values: Arc<BTreeMap<String, Value>>,
    /// Those that the user changed: they are kept. The others are only what the action sees.
    pub(crate) dirty: BTreeSet<String>,
}

impl Inputs {
    /// No signals.
    pub(crate) fn none() -> &'static Self {
        static NONE: LazyLock<Inputs> = LazyLock::new(Inputs::default);
        &NONE
    }
}

/// Where the fields of one page, in one tab, come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sources<'a> {
    /// Fields that the session shares.
    pub(crate) session: &'a Fields,
    /// Fields of the tab alone.
    pub(crate) tab: &'a Fields,
    /// Shared values, by the keys of their fields; a value that is missing was never written.
    pub(crate) shared: &'a [(&'static str, &'a Fields)],
    /// Who is logged in.
    pub(crate) principal: Option<&'a str>,
    /// Path parameters, by name.
    pub(crate) params: &'a [(String, String)],
    /// Signals as the browser holds them; they win over stored ones.
    pub(crate) inputs: &'a Inputs,
}

impl<'a> Sources<'a> {
    /// The values among which the value of a field is; `None` if nothing is stored there.
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

/// The documents that changes are written into.
#[derive(Debug)]
pub(crate) struct Targets<'a> {
    pub(crate) session: &'a mut Document,
    /// What belongs to the tab alone.
    pub(crate) tab: &'a mut Fields,
    /// By the keys of their fields.
    pub(crate) shared: &'a mut [(&'static str, SharedDocument)],
}

impl Targets<'_> {
    /// The values among which the value of a field is kept; `None` if it is not stored.
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
