//! The arguments of an action: a JSON array, decoded into the declared types.

use serde::{Serialize, Serializer, de::DeserializeOwned, ser::Error as _};
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

    /// The arguments, for [`Argument::take_from`].
    ///
    /// # Errors
    ///
    /// If their number is not `expected`.
    pub fn list(&self, expected: usize) -> Result<ArgumentList<'a>, ArgumentError> {
        let values: Vec<&RawValue> = serde_json::from_str(self.json.get())
            .map_err(|error| ArgumentError(error.to_string()))?;
        if values.len() != expected {
            return Err(ArgumentError(format!(
                "{} were sent, and the action takes {expected}",
                values.len()
            )));
        }
        Ok(ArgumentList {
            values: values.into_iter().enumerate(),
        })
    }
}

/// The arguments that are not decoded yet.
#[doc(hidden)]
#[derive(Debug)]
pub struct ArgumentList<'a> {
    values: std::iter::Enumerate<std::vec::IntoIter<&'a RawValue>>,
}

/// Types that an argument of an action can have: every type that is `Serialize` and
/// `DeserializeOwned`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of an action",
    label = "not an argument type",
    note = "derive both traits: `#[derive(serde::Serialize, serde::Deserialize)]`",
    note = "the view encodes an argument as JSON, and the action decodes it"
)]
pub trait Argument: Sized {
    /// Decodes the next argument.
    ///
    /// # Errors
    ///
    /// Says which argument is wrong and why.
    fn take_from(arguments: &mut ArgumentList<'_>) -> Result<Self, ArgumentError>;

    /// What is written into the view.
    fn to_json(&self) -> ArgumentJson;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Argument for T {
    fn take_from(arguments: &mut ArgumentList<'_>) -> Result<Self, ArgumentError> {
        let (index, value) = arguments
            .values
            .next()
            .expect("generated code takes as many arguments as it asked for");
        serde_json::from_str(value.get())
            .map_err(|error| ArgumentError(format!("number {}: {error}", index + 1)))
    }

    fn to_json(&self) -> ArgumentJson {
        ArgumentJson(serde_json::value::to_raw_value(self))
    }
}

/// An argument as it is written into the view.
#[doc(hidden)]
#[derive(Debug)]
pub struct ArgumentJson(Result<Box<RawValue>, serde_json::Error>);

impl Serialize for ArgumentJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Ok(json) => json.serialize(serializer),
            Err(error) => Err(S::Error::custom(error)),
        }
    }
}

/// The arguments are not what the action takes.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("wrong arguments: {0}")]
pub struct ArgumentError(String);

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(json: &str) -> Result<(u8, String), ArgumentError> {
        let json: &RawValue = serde_json::from_str(json).unwrap();
        let mut list = Arguments::new(json).list(2)?;
        Ok((u8::take_from(&mut list)?, String::take_from(&mut list)?))
    }

    #[test]
    fn arguments_are_decoded_one_by_one() {
        assert_eq!(decode(r#"[1, "a"]"#).unwrap(), (1, "a".to_owned()));
    }

    #[test]
    fn an_error_says_which_argument_is_wrong() {
        let message = decode("[1, 2]").unwrap_err().to_string();
        assert!(message.contains("number 2"), "{message}");
        for json in ["[1]", r#"[1, "a", 2]"#, "[]"] {
            let message = decode(json).unwrap_err().to_string();
            assert!(message.contains("takes 2"), "{message}");
        }
        assert!(decode("{}").is_err());
    }
}
