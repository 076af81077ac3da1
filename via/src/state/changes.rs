//! What one run of an action changed, on its way into documents.

use serde_json::value::RawValue;

use super::{
    Carried, Inputs, ReadError, Targets, Written,
    fields::{Hidden, Unreadable},
    raw,
};
use crate::field::FieldDescriptor;

/// What one run of an action changed in the fields of its page.
#[derive(Debug)]
pub(crate) struct Changes {
    fields: Vec<(&'static FieldDescriptor, Written)>,
    unreadable: Vec<Unreadable>,
    carried: Carried,
}

/// Why a change did not come about.
#[derive(Debug)]
pub(crate) enum ChangeError<E> {
    /// The request does not fit the page.
    Read(ReadError),
    /// What a field became cannot be stored; the text names the field.
    Write(String),
    /// The action itself said no.
    Action(E),
}

impl<E> From<ReadError> for ChangeError<E> {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl Changes {
    /// Changed fields, as they are after the run; with what `FieldReader` found when it read the page
    /// for the run.
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

    /// How the signals that the browser sent compare with what they are now.
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

/// Compares the signals that the browser sent with what they are after the change: one that is neither
/// changed nor the user's own stays what it was.
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
    /// Its stored form; `None` for what is not stored.
    pub(crate) fn to_json(&self) -> Option<Box<RawValue>> {
        match self {
            Self::State(json) => Some(json.clone()),
            Self::Signal(value) => Some(raw(value)),
            Self::Param => None,
        }
    }
}
