//! The changes of one run of an action, and how they are written into documents.

use serde_json::value::RawValue;

use super::{
    Carried, Inputs, ReadError, Targets, Written,
    fields::{Hidden, Unreadable},
    raw,
};
use crate::field::FieldDescriptor;

/// The fields of a page that one run of an action changed.
#[derive(Debug)]
pub(crate) struct Changes {
    fields: Vec<(&'static FieldDescriptor, Written)>,
    unreadable: Vec<Unreadable>,
    carried: Carried,
}

/// Why a change failed.
#[derive(Debug)]
pub(crate) enum ChangeError<E> {
    /// The request does not fit the page.
    Read(ReadError),
    /// The new value of a field cannot be stored; the text names the field.
    Write(String),
    /// The action itself refused.
    Action(E),
}

impl<E> From<ReadError> for ChangeError<E> {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl Changes {
    /// Takes the changed fields as they are after the run. `unreadable` and `hidden` come from the
    /// `FieldReader` that read the page for the run.
    pub(crate) fn new(
        fields: Vec<(&'static FieldDescriptor, Written)>,
        unreadable: Vec<Unreadable>,
        hidden: &[Hidden],
        inputs: &Inputs,
    ) -> Self {
        let carried = carried(&fields, hidden, inputs);
        Self {
            fields,
            unreadable,
            carried,
        }
    }

    /// Says which signals still have the value that the browser sent, and which do not.
    pub(crate) fn take_carried(&mut self) -> Carried {
        std::mem::take(&mut self.carried)
    }

    /// Whether the shared value of this field changes.
    pub(crate) fn touches(&self, key: &str) -> bool {
        self.fields
            .iter()
            .any(|(field, _)| field.is_shared() && field.key == key)
    }

    /// Writes the changes into documents.
    pub(crate) fn apply(self, targets: &mut Targets<'_>) {
        let Self {
            fields, unreadable, ..
        } = self;
        for (field, value) in fields {
            let Some(json) = value.to_json() else {
                continue;
            };
            let Some(target) = targets.fields(field) else {
                continue;
            };
            let name = field.stored_name(field.version);
            match unreadable.iter().find(|other| other.key == field.key) {
                None => target.put(&name, json),
                Some(Unreadable { restored, .. }) => {
                    target.put_over(&name, json, restored.as_deref());
                }
            }
        }
    }
}

/// Compares the signals that the browser sent with their values after the action. A signal that neither
/// the action nor the user has changed keeps its stored value.
fn carried(
    changed: &[(&'static FieldDescriptor, Written)],
    hidden: &[Hidden],
    inputs: &Inputs,
) -> Carried {
    let mut carried = Carried::default();
    for (field, stored) in hidden {
        let after = changed.iter().find_map(|(other, after)| match after {
            Written::Signal(after) if other.key == field.key && other.kind == field.kind => {
                Some(after)
            }
            _ => None,
        });
        let list = if inputs.values.get(field.name) == Some(after.unwrap_or(stored)) {
            &mut carried.same
        } else {
            &mut carried.differ
        };
        list.reserve_exact(1);
        list.push(field.name.to_owned());
    }
    carried
}

impl Written {
    /// Its stored form; `None` if it is not stored.
    pub(crate) fn to_json(&self) -> Option<Box<RawValue>> {
        match self {
            Self::State(json) => Some(json.clone()),
            Self::Signal(value) => Some(raw(value)),
            Self::Param => None,
        }
    }
}
