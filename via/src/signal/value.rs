//! How values travel between Rust and a browser without losing anything.

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
/// An emptied field of an `Option<String>` is the empty text and not `None`, because the empty text
/// is a value of its own, which has to come back as what it was. `None` is a field that nobody has
/// typed in. A nested `Option` is exact too: `Some(None)` travels as `[null]`.
///
/// What a browser sends is the value or an error that names the field, and never another value. An
/// integer takes no `1.5`, no `1e3`, no `-0` and nothing out of its range; a floating-point number
/// takes no more digits than it holds; `abc` in a number field is an error for both. Fields whose
/// values are text (`<select>`, radio buttons) can be bound to numbers, too: `"7"` is an integer.
///
/// Every type comes back as it was: from JSON as a browser rewrites it
/// (`every_value_comes_back_from_a_browser_as_it_was` beside this trait), and from a real one
/// (`every_type_comes_back_from_the_browser_as_it_was` in `tests/browser/signals.rs`, which types
/// into bound fields, too).
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

    /// What expressions in the browser take a value of this type for.
    #[doc(hidden)]
    const READING: Reading = Reading::Structure;

    /// The value as the browser gets it.
    fn encode(&self) -> Value;

    /// The value that a browser sent.
    ///
    /// # Errors
    ///
    /// [`SignalError`] if `value` is not of this type, or does not fit without a loss.
    fn decode(value: &Value) -> Result<Self, SignalError>;

    /// What is known of the type at run time.
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
            // What an emptied field holds, where the empty text is no value itself.
            Err(_) if value == "" => Ok(None),
            inner => inner.map(Some),
        }
    }
}
