//! Running user code on a copy of a page.

#[cfg(test)]
mod values_tests;
#[cfg(test)]
mod versions_tests;

use super::Page;
use crate::{
    action::{ActionError, Effects, Task, TaskError},
    field::FieldDescriptor,
    state::{
        ChangeError, Changes, FieldReader, FieldWriter, Fields, Inputs, Sources, Unreadable,
        Written,
    },
};

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
    Ok(Changes::new(fields, unreadable, &hidden, sources.inputs))
}

fn written<P: Page>(page: &P) -> Result<Vec<Written>, String> {
    let mut writer = FieldWriter::of(P::DESCRIPTOR);
    page.write(&mut writer);
    writer.finish().map_err(|(index, error)| {
        let key = P::DESCRIPTOR.fields[index].key;
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

impl<P: Page> Task<P> {
    /// Changes the page in one transaction: `step` works on a copy of the latest committed state. It
    /// must be pure, because it runs again if another commit comes first.
    ///
    /// # Errors
    ///
    /// [`TaskError`] if the session has ended or `step` panicked: then nothing was changed. Also if
    /// the store is away: then nobody may know whether something was changed.
    pub async fn update(&self, mut step: impl FnMut(&mut P) + Send) -> Result<(), TaskError> {
        let mut step = |sources: Sources<'_>, _: &mut Effects| {
            change::<P, ActionError>(sources, |page| {
                step(page);
                Ok(())
            })
        };
        self.host().update(&mut step).await
    }
}
