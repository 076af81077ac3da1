//! How values travel between Rust and a browser without a loss.

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
/// | type | travels as | an emptied field |
/// |---|---|---|
/// | `bool` | `true` or `false` | is a field error |
/// | integers up to ±(2^53 - 1) | a number | is a field error, never 0 |
/// | integers beyond | their digits, as text | is a field error |
/// | `f32`, `f64` | a number | is a field error, never 0 |
/// | -0.0, infinities, NaN | `"-0"`, `"Infinity"`, `"-Infinity"`, `"NaN"` | |
/// | `char` | a text of one character | is a field error |
/// | `String` | text | is the empty text |
/// | `Option<T>` | `null`, or as `T` does | is `None`; of an `Option<String>` it is `Some("")` |
/// | `Vec<T>`, `[T; N]` | an array | is a field error |
/// | your own struct | an object of its fields | is a field error |
/// | your own enum | the variant's name, or an object of name and content | is a field error |
///
/// Your own types are signals with [`#[derive(via::SignalValue)]`](derive@crate::SignalValue).
///
/// If the user empties the field of an `Option<String>`, the value is the empty text and not `None`,
/// because the empty text is a value of its own. The value is `None` as long as nobody types into the
/// field. A nested `Option` is exact too: `Some(None)` travels as `[null]`.
///
/// What a browser sends becomes exactly that value, or an error that names the field. An integer accepts
/// no `1.5`, no `1e3`, no `-0` and nothing out of its range. A floating-point number accepts no more
/// digits than it can hold. `abc` in a number field is an error for both. You can bind fields whose
/// values are text (`<select>`, radio buttons) to numbers, too: `"7"` is an integer.
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
    /// Whether `null` is a value of this type, as it is of an `Option`.
    const NULLABLE: bool = false;

    /// How expressions in the browser read a value of this type.
    #[doc(hidden)]
    const READING: Reading = Reading::Structure;

    /// The value as the server sends it to the browser.
    fn encode(&self) -> Value;

    /// The value that a browser sent.
    ///
    /// # Errors
    ///
    /// [`SignalError`] if `value` is not of this type, or does not fit without a loss.
    fn decode(value: &Value) -> Result<Self, SignalError>;

    /// What the server knows of the type at run time.
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
            // Two kinds of nothing are told apart by a pair of brackets.
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
            // An emptied field holds this, unless the empty text is a value of the type.
            Err(_) if value == "" => Ok(None),
            inner => inner.map(Some),
        }
    }
}
