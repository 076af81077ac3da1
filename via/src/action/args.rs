//! The arguments of an action: a JSON array, decoded into the declared types.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// The arguments that a browser sent with an action.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a> {
    json: &'a RawValue,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(json: &'a RawValue) -> Self {
        Self { json }
    }

    /// Decodes all arguments; `T` is a tuple of the declared types, `[(); 0]` where there is none.
    ///
    /// # Errors
    ///
    /// Says which argument is wrong and why, if the array is of another length or a value is not
    /// of its type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, ArgumentError> {
        serde_json::from_str(self.json.get()).map_err(|error| ArgumentError(error.to_string()))
    }
}

/// The arguments are not what the action takes.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("wrong arguments: {0}")]
pub struct ArgumentError(String);
