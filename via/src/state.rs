//! Fields of a page <-> the values that a document keeps.

mod change;
mod document;
mod fields;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

pub(crate) use change::{ChangeError, Changes, change};
pub(crate) use document::{Document, DocumentError, Load, Outcome, TabId, TabRecord, raw};
pub use fields::{FieldReader, FieldWriter, Param, ReadError};
pub(crate) use fields::{Fields, Inputs, Sources, Written};

/// Types that a `#[state]` field can have: every type that is `Serialize`, `DeserializeOwned` and
/// `Clone`. (`Default` is asked for separately, unless the field has `default = ..`.)
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in `#[state]`",
    label = "not a state type",
    note = "derive what is missing: `#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]`",
    note = "the type must own its data: `String`, not `&str`"
)]
pub trait State: Sized {
    /// Decodes the stored form.
    ///
    /// # Errors
    ///
    /// What serde says if the text is not a value of this type.
    #[doc(hidden)]
    fn from_json(json: &str) -> Result<Self, serde_json::Error>;

    /// Encodes the stored form.
    ///
    /// # Errors
    ///
    /// What serde says if the value has no JSON form.
    #[doc(hidden)]
    fn to_json(&self) -> Result<Box<RawValue>, serde_json::Error>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Clone> State for T {
    fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    fn to_json(&self) -> Result<Box<RawValue>, serde_json::Error> {
        serde_json::value::to_raw_value(self)
    }
}
