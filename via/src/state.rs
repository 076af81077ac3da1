//! Fields of a page <-> the values that a document keeps.

mod changes;
mod compress;
mod document;
mod fields;
mod keys;
mod members;
mod shared;
mod sources;
mod unreadable;
mod values;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

pub(crate) use changes::{ChangeError, Changes};
#[cfg(feature = "fuzzing")]
pub(crate) use compress::pack;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use compress::unpack;
pub(crate) use document::{
    Carried, Document, DocumentError, Encoded, Load, Outcome, PreviousSecret, RECENT, RefusedBy,
    TabId, TabRecord, raw,
};
pub use fields::{FieldReader, FieldWriter, HasDefault, Param, ReadError};
pub(crate) use fields::{Unreadable, Written};
pub(crate) use shared::{SharedDocument, VALUE};
pub(crate) use sources::{Inputs, Sources, Targets};
pub use unreadable::unreadable_values;
pub(crate) use values::Fields;

use crate::field::TypeInfo;

/// Types that a `#[state]` field can have: every type that is `Serialize`, `DeserializeOwned` and
/// `Clone`. A field without `default = ..` needs `Default` as well.
///
/// The server keeps values as JSON, and must be able to read back what it wrote. An action fails and
/// commits nothing if it leaves a value in a field that has no JSON form or cannot be read back: a float
/// that is not finite, a map whose keys are neither text nor numbers, nesting of more than 127 levels.
/// The log names the field. JSON has only one `null`, so `Some(None)` comes back as `None`, and so does
/// `Some(f64::NAN)`.
///
/// Generated code requires the three traits one by one, so that the compiler names the missing one.
pub trait State: StateEncode + StateDecode + StateClone {}

#[diagnostic::do_not_recommend]
impl<T: StateEncode + StateDecode + StateClone> State for T {}

/// The half of [`State`] that writes.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in `#[state]` because it is not `Serialize`",
    label = "not `Serialize`",
    note = "derive `serde::Serialize` for this type and for every type in it"
)]
pub trait StateEncode: Sized {
    /// Encodes the stored form.
    ///
    /// # Errors
    ///
    /// What serde says if the value has no JSON form.
    fn to_json(&self) -> Result<Box<RawValue>, serde_json::Error>;

    /// Writes the next field; called by generated code.
    fn write_field(&self, fields: &mut FieldWriter) {
        fields.state(self);
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> StateEncode for T {
    fn to_json(&self) -> Result<Box<RawValue>, serde_json::Error> {
        serde_json::value::to_raw_value(self)
    }
}

/// The half of [`State`] that reads.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in `#[state]` because it is not `Deserialize`",
    label = "not `Deserialize`",
    note = "derive `serde::Deserialize` for this type and for every type in it",
    note = "the type must own its data"
)]
pub trait StateDecode: Sized + 'static {
    /// Decodes the stored form.
    ///
    /// # Errors
    ///
    /// What serde says if the text is not a value of this type.
    fn from_json(json: &str) -> Result<Self, serde_json::Error>;

    /// What the server knows of the type at run time.
    #[must_use]
    fn describe() -> TypeInfo {
        TypeInfo::of::<Self>()
    }

    /// Reads the next field; called by generated code. `migrations` convert the stored forms of older
    /// versions into this type, the oldest first.
    fn read_field(
        fields: &mut FieldReader<'_>,
        default: fn() -> Self,
        migrations: &[Migration<Self>],
    ) -> Self {
        fields.state(default, migrations)
    }
}

/// Converts the stored form of an older version into a value.
#[doc(hidden)]
pub type Migration<T> = fn(&str) -> Result<T, serde_json::Error>;

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + 'static> StateDecode for T {
    fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    fn describe() -> TypeInfo {
        TypeInfo::stored::<T>()
    }
}

/// The part of [`State`] that lets an action run on a copy.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in `#[state]` because it is not `Clone`",
    label = "not `Clone`",
    note = "derive `Clone` for this type and for every type in it"
)]
pub trait StateClone<T = Self>: Sized {
    /// Generated code names it, and thereby requires this trait.
    const IS_CLONE: () = ();
}

// The parameter is `Self` again, so that this is not implemented for `&T`: rustc would suggest that.
#[diagnostic::do_not_recommend]
impl<T: Clone> StateClone<T> for T {}
