//! Running an action on a copy of a page, and what that changed.

use super::{
    Document, FieldReader, FieldWriter, Fields, ReadError, SharedDocument, Sources, Written, raw,
};
use crate::page::{FieldDescriptor, FieldKind, Page, SignalScope, StateScope};

/// What one run of an action changed in the fields of its page.
#[derive(Debug)]
pub(crate) struct Changes {
    fields: Vec<(&'static FieldDescriptor, Written)>,
    unreadable: Vec<&'static str>,
}

/// Why a change did not come about.
#[derive(Debug)]
pub(crate) enum ChangeError<E> {
    /// The request does not fit the page.
    Read(ReadError),
    /// What the fields became cannot be stored.
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
    let unreadable = reader.into_unreadable();
    let before = written(&page).map_err(ChangeError::Write)?;
    run(&mut page).map_err(ChangeError::Action)?;
    let after = written(&page).map_err(ChangeError::Write)?;
    let fields = P::DESCRIPTOR
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
    Ok(Changes { fields, unreadable })
}

fn written<P: Page>(page: &P) -> Result<Vec<Written>, String> {
    let mut writer = FieldWriter::default();
    page.write(&mut writer);
    writer.finish()
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
    /// Whether the shared value of this field changes.
    pub(crate) fn touches(&self, key: &str) -> bool {
        self.fields
            .iter()
            .any(|(field, _)| field.is_shared() && field.key == key)
    }

    /// Writes the changes into documents.
    pub(crate) fn apply(self, targets: &mut Targets<'_>) {
        let Self { fields, unreadable } = self;
        for (field, value) in fields {
            let json = match value {
                Written::State(json) => json,
                Written::Signal(value) => raw(&value),
                Written::Param => continue,
            };
            let (target, aside) = match field.kind {
                FieldKind::State(StateScope::Session) | FieldKind::Signal(SignalScope::Session) => {
                    (&mut targets.session.fields, &mut targets.session.aside)
                }
                FieldKind::State(StateScope::Tab) | FieldKind::Signal(SignalScope::Tab) => {
                    (&mut *targets.tab, &mut targets.session.aside)
                }
                FieldKind::State(StateScope::App | StateScope::Shared { .. }) => {
                    let Some((_, shared)) =
                        targets.shared.iter_mut().find(|(key, _)| *key == field.key)
                    else {
                        continue;
                    };
                    (&mut shared.fields, &mut shared.aside)
                }
                FieldKind::Signal(SignalScope::Local) | FieldKind::Param => continue,
            };
            let name = field.stored_name(field.version).into_owned();
            let old = target.insert(name.clone(), json);
            if let Some(old) = old.filter(|_| unreadable.contains(&field.key)) {
                aside.insert(name, old);
            }
        }
    }
}
