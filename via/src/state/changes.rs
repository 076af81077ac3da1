//! Running an action on a copy of a page, and what that changed.

use super::{
    Carried, Document, FieldReader, FieldWriter, Fields, Inputs, ReadError, SharedDocument,
    Sources, Written,
    fields::{Hidden, Unreadable},
    raw,
};
use crate::{
    field::{FieldDescriptor, Home},
    page::Page,
};

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

/// Builds a page from `sources`, lets `run` work on it, and compares what it was with what it
/// became.
///
/// A field that `run` left alone is not written, whatever another build would make of its bytes;
/// a signal that the user changed is written as it is after the run.
pub(crate) fn change<P: Page, E>(
    sources: Sources<'_>,
    run: impl FnOnce(&mut P) -> Result<(), E>,
) -> Result<Changes, ChangeError<E>> {
    let mut reader = FieldReader::new(P::DESCRIPTOR, sources);
    let mut page = P::read(&mut reader)?;
    let (unreadable, hidden) = reader.into_unreadable_and_hidden();
    let before = written(&page).map_err(ChangeError::Write)?;
    run(&mut page).map_err(ChangeError::Action)?;
    let after = written(&page).map_err(ChangeError::Write)?;
    let fields: Vec<_> = P::DESCRIPTOR
        .fields
        .iter()
        .zip(before.iter().zip(after))
        .filter(|(field, (before, after))| match (before, after) {
            (Written::State(before), Written::State(after)) => before.get() != after.get(),
            (Written::Signal(before), Written::Signal(after)) => {
                before != after || sources.inputs.dirty.contains(field.name)
            }
            _ => false,
        })
        .map(|(field, (_, after))| (field, after))
        .collect();
    read_back::<P>(&fields, sources.params).map_err(ChangeError::Write)?;
    let carried = carried(&fields, &hidden, sources.inputs);
    Ok(Changes {
        fields,
        unreadable,
        carried,
    })
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

fn written<P: Page>(page: &P) -> Result<Vec<Written>, String> {
    let mut writer = FieldWriter::of(P::DESCRIPTOR);
    page.write(&mut writer);
    writer.finish().map_err(|(place, error)| {
        let key = P::DESCRIPTOR.fields[place].key;
        format!("`{key}` has no JSON form: {error}")
    })
}

/// Reads what is about to be stored. What cannot be read now could not be read later either, and
/// would only be found out when it is too late: a float that is not finite is stored as `null`.
fn read_back<P: Page>(
    changed: &[(&'static FieldDescriptor, Written)],
    params: &[(String, String)],
) -> Result<(), String> {
    if changed.is_empty() {
        return Ok(());
    }
    let mut own = Fields::new();
    let mut shared = Vec::new();
    for (field, value) in changed {
        let Some(json) = value.to_json() else {
            continue;
        };
        let name = field.stored_name(field.version);
        if field.is_shared() {
            let mut fields = Fields::new();
            fields.put(&name, json);
            shared.push((field.key, fields));
        } else {
            own.put(&name, json);
        }
    }
    let shared: Vec<_> = shared.iter().map(|(key, fields)| (*key, fields)).collect();
    let sources = Sources {
        session: &own,
        tab: &own,
        shared: &shared,
        principal: None,
        params,
        inputs: Inputs::none(),
    };
    let mut reader = FieldReader::trial(P::DESCRIPTOR, sources);
    // The page was read before, with the same parameters.
    let _ = P::read(&mut reader);
    match reader.into_unreadable().first() {
        None => Ok(()),
        Some(Unreadable { key, .. }) => Err(format!(
            "`{key}` became a value whose JSON form cannot be read back: a float that is not \
             finite, nesting of more than 127 levels, or a `Serialize` that does not fit its \
             `Deserialize`"
        )),
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

impl Changes {
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
            let target = match field.home() {
                Some(Home::Session) => &mut targets.session.fields,
                Some(Home::Tab) => &mut *targets.tab,
                Some(Home::App | Home::Shared { .. }) => {
                    let Some((_, shared)) =
                        targets.shared.iter_mut().find(|(key, _)| *key == field.key)
                    else {
                        continue;
                    };
                    &mut shared.fields
                }
                None => continue,
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

impl Written {
    fn to_json(&self) -> Option<Box<serde_json::value::RawValue>> {
        match self {
            Self::State(json) => Some(json.clone()),
            Self::Signal(value) => Some(raw(value)),
            Self::Param => None,
        }
    }
}
