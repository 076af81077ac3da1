//! The entry of a page in the table of an app.

use std::{fmt, panic::Location, time::Duration};

use super::{
    View,
    code::{PageCode, code_of},
};
use crate::{
    field::{FieldDescriptor, Home, PageDescriptor},
    state::Inputs,
    store::Key,
};

/// A page that was registered with the app.
pub(crate) struct PageEntry {
    pub(crate) descriptor: &'static PageDescriptor,
    pub(crate) fingerprint: u64,
    /// Where the app's author registered it.
    pub(crate) location: &'static Location<'static>,
    /// Whether two tabs of one session can look different.
    pub(crate) per_tab: bool,
    /// Whether two sessions can look different.
    pub(crate) per_session: bool,
    /// What the page itself does.
    pub(crate) code: &'static dyn PageCode,
}

impl PageEntry {
    pub(crate) fn new<P: View>(location: &'static Location<'static>) -> Self {
        let homes = || {
            P::DESCRIPTOR
                .fields
                .iter()
                .filter_map(FieldDescriptor::home)
        };
        Self {
            descriptor: P::DESCRIPTOR,
            fingerprint: P::DESCRIPTOR.fingerprint(
                P::actions()
                    .iter()
                    .map(|action| (action.name, action.arguments)),
            ),
            location,
            per_tab: homes().any(|home| home == Home::Tab),
            per_session: homes().any(|home| !home.is_shared()),
            code: code_of::<P>(),
        }
    }

    /// The fingerprint as a document carries it.
    pub(crate) fn mark(&self) -> String {
        format!("{:016x}", self.fingerprint)
    }

    /// The shared values that the page reads for these path parameters: the key of the field, how long
    /// the value is kept after its last use, and the key of its document.
    pub(crate) fn shared_keys(
        &self,
        params: &[(String, String)],
    ) -> impl Iterator<Item = (&'static str, Option<Duration>, Key)> {
        self.descriptor.fields.iter().filter_map(|field| {
            let key = field.document_key(params)?;
            Some((field.key, field.home()?.ttl(), key))
        })
    }

    /// Checks that the inputs have names of signals of this page. Their types are checked when the page
    /// is read.
    pub(crate) fn check_inputs(&self, inputs: &Inputs) -> Result<(), InputError> {
        for name in inputs.values.keys().chain(&inputs.dirty) {
            if !self.descriptor.takes_signal(name) {
                return Err(InputError(name.clone()));
            }
        }
        Ok(())
    }
}

/// A signal that the page does not take from a browser.
#[derive(Debug)]
pub(crate) struct InputError(pub(crate) String);

impl fmt::Debug for PageEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageEntry")
            .field("name", &self.descriptor.name)
            .field("route", &self.descriptor.route)
            .finish_non_exhaustive()
    }
}
