//! Converts values between Rust and JSON without a loss.

mod error;
mod float;
mod integer;
mod many;
mod part;
mod reading;
#[cfg(test)]
mod tests;
mod text;

use serde_json::Value;

pub use error::SignalError;
pub use part::{Parts, Tagged, list, object, tagged};
pub use reading::Reading;

use crate::field::TypeInfo;

/// Types that a `#[signal]` field can have.
///
/// | type | sent as | an emptied field |
/// |---|---|---|
/// | `bool` | `true` or `false` | is a field error |
/// | integers up to ±(2^53 - 1) | a number | is a field error, never 0 |
/// | larger integers | their digits, as text | is a field error |
/// | `f32`, `f64` | a number | is a field error, never 0 |
/// | -0.0, infinities, NaN | `"-0"`, `"Infinity"`, `"-Infinity"`, `"NaN"` | |
/// | `char` | a text of one character | is a field error |
/// | `String` | text | is the empty text |
/// | `Option<T>` | `null`, or like a `T` | is `None`; for an `Option<String>` it is `Some("")` |
/// | `Vec<T>`, `[T; N]` | an array | is a field error |
/// | your own struct | an object of its fields | is a field error |
/// | your own enum | the variant's name, or an object of name and content | is a field error |
///
/// Your own types are signals with [`#[derive(via::SignalValue)]`](derive@crate::SignalValue).
///
/// If the user empties the field of an `Option<String>`, the value is the empty text and not `None`,
/// because the empty text is a value of its own. The value is `None` until the user types into the
/// field. A nested `Option` is exact too: `Some(None)` is sent as `[null]`.
///
/// A value from a browser is decoded exactly, or the result is an error that names the field. An integer
/// does not accept `1.5`, `1e3`, `-0`, or a number out of its range. A floating-point number does not
/// accept more digits than it can hold. `abc` in a number field is an error for both. You can also bind
/// fields with text values (`<select>`, radio buttons) to numbers: `"7"` is an integer.
///
/// Tested by: `every_value_comes_back_from_a_browser_as_it_was`,
/// `every_type_comes_back_from_the_browser_as_it_was`.
///
/// # Examples
///
/// ```
/// use via::SignalValue;
///
/// assert_eq!(7_i64.encode(), 7);
/// assert_eq!(9_007_199_254_740_993_i64.encode(), "9007199254740993");
/// assert_eq!(i64::decode(&"9007199254740993".into()), Ok(9_007_199_254_740_993));
/// assert!(i64::decode(&"".into()).is_err());
/// assert_eq!(Option::<i64>::decode(&"".into()), Ok(None));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a signal",
    label = "not a signal type",
    note = "a signal can be a `bool`, a number, a `char`, a `String`, an `Option`, `Vec` or array of these, or a type with `#[derive(via::SignalValue)]`",
    note = "if only the server needs the value, use `#[state]`"
)]
pub trait SignalValue: Sized + Send + Sync + 'static {
    /// Whether `null` is a value of this type, as for an `Option`.
    const NULLABLE: bool = false;

    /// How expressions in the browser read a value of this type.
    #[doc(hidden)]
    const READING: Reading = Reading::Structure;

    /// Encodes the value as the server sends it to the browser.
    fn encode(&self) -> Value;

    /// Decodes a value that a browser sent.
    ///
    /// # Errors
    ///
    /// [`SignalError`] if `value` is not of this type, or does not fit without a loss.
    fn decode(value: &Value) -> Result<Self, SignalError>;

    /// Describes the type at run time.
    #[doc(hidden)]
    #[must_use]
    fn describe() -> TypeInfo {
        TypeInfo::of::<Self>()
    }

    /// Decodes the next part of a larger value; called by generated code.
    ///
    /// # Errors
    ///
    /// [`SignalError`] if the part is not of this type.
    #[doc(hidden)]
    fn decode_part(parts: &mut Parts<'_>) -> Result<Self, SignalError> {
        parts.next()
    }
}

impl SignalValue for bool {
    const READING: Reading = Reading::Scalar;

    fn encode(&self) -> Value {
        Value::Bool(*self)
    }

    fn decode(value: &Value) -> Result<Self, SignalError> {
        value
            .as_bool()
            .ok_or_else(|| SignalError::new("must be true or false"))
    }
}

impl<T: SignalValue> SignalValue for Option<T> {
    const NULLABLE: bool = true;
    const READING: Reading = if T::NULLABLE {
        Reading::Structure
    } else {
        T::READING
    };

    fn encode(&self) -> Value {
        match self {
            None => Value::Null,
            // The brackets distinguish `Some(None)` from `None`.
            Some(value) if T::NULLABLE => Value::Array(vec![value.encode()]),
            Some(value) => value.encode(),
        }
    }

    fn decode(value: &Value) -> Result<Self, SignalError> {
        let inner = match value {
            Value::Null => return Ok(None),
            Value::Array(inner) if T::NULLABLE && inner.len() == 1 => T::decode(&inner[0]),
            _ if T::NULLABLE => Err(SignalError::new("must be empty or an array of one")),
            value => T::decode(value),
        };
        match inner {
            // The field was emptied, because the empty text is not a value of the inner type.
            Err(_) if value == "" => Ok(None),
            inner => inner.map(Some),
        }
    }
}
