//! How values travel between Rust and a browser without losing anything.

use serde_json::{Number, Value};

use crate::{
    page::TypeInfo,
    state::{FieldReader, FieldWriter, ReadError},
};

/// Types that a `#[signal]` field can have.
///
/// Integers beyond ±2^53 travel as strings, `None` as `null`; whatever would lose something is an
/// error and not a guess.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a `#[signal]`",
    label = "not a signal type",
    note = "a signal is a `bool`, a number, a `String`, or an `Option` of one of these",
    note = "what the browser need not react to at once is better kept in `#[state]`"
)]
pub trait SignalValue: Sized + Send + Sync + 'static {
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

    /// Reads the next field; called by generated code.
    ///
    /// # Errors
    ///
    /// [`ReadError::Signal`] if the browser sent a value that is not of this type.
    #[doc(hidden)]
    fn read_field(fields: &mut FieldReader<'_>, default: fn() -> Self) -> Result<Self, ReadError> {
        fields.signal(default)
    }

    /// Writes the next field; called by generated code.
    #[doc(hidden)]
    fn write_field(&self, fields: &mut FieldWriter) {
        fields.signal(self);
    }
}

/// What is wrong with a signal's value, as the end of a sentence: "must be a whole number".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SignalError(String);

impl SignalError {
    /// An error that ends the sentence "`name` ..".
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// The largest integer up to which every integer is a JavaScript number.
const SAFE: u64 = (1 << 53) - 1;

impl SignalValue for bool {
    fn encode(&self) -> Value {
        Value::Bool(*self)
    }

    fn decode(value: &Value) -> Result<Self, SignalError> {
        value
            .as_bool()
            .ok_or_else(|| SignalError::new("must be true or false"))
    }
}

impl SignalValue for String {
    fn encode(&self) -> Value {
        Value::String(self.clone())
    }

    fn decode(value: &Value) -> Result<Self, SignalError> {
        match value {
            Value::String(text) => Ok(text.clone()),
            _ => Err(SignalError::new("must be text")),
        }
    }
}

impl<T: SignalValue> SignalValue for Option<T> {
    fn encode(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::encode)
    }

    fn decode(value: &Value) -> Result<Self, SignalError> {
        match value {
            Value::Null => Ok(None),
            value => T::decode(value).map(Some),
        }
    }
}

macro_rules! integers {
    ($($int:ty),*) => {$(
        impl SignalValue for $int {
            #[allow(
                clippy::unnecessary_cast,
                clippy::cast_lossless,
                clippy::useless_conversion,
                reason = "one body for all integer types"
            )]
            fn encode(&self) -> Value {
                if i128::from(*self).unsigned_abs() <= u128::from(SAFE) {
                    Value::Number(Number::from(*self))
                } else {
                    Value::String(self.to_string())
                }
            }

            fn decode(value: &Value) -> Result<Self, SignalError> {
                let whole = || {
                    SignalError::new(format!(
                        "must be a whole number from {} to {}",
                        Self::MIN,
                        Self::MAX
                    ))
                };
                match value {
                    Value::Number(number) => exact_integer(number)
                        .and_then(|integer| Self::try_from(integer).ok())
                        .ok_or_else(whole),
                    Value::String(text) => text.parse().map_err(|_| whole()),
                    _ => Err(whole()),
                }
            }
        }
    )*};
}

integers!(i8, i16, i32, i64, u8, u16, u32, u64);

/// The integer that a JSON number means, if a browser can have meant exactly that one.
fn exact_integer(number: &Number) -> Option<i128> {
    let integer = match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(integer), _, _) => i128::from(integer),
        (_, Some(integer), _) => i128::from(integer),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range is checked below"
        )]
        (_, _, Some(float)) if float.fract() == 0.0 && float.abs() < 1e17 => float as i128,
        _ => return None,
    };
    (integer.unsigned_abs() <= u128::from(SAFE)).then_some(integer)
}

impl SignalValue for f64 {
    fn encode(&self) -> Value {
        Number::from_f64(*self).map_or_else(|| Value::String(self.to_string()), Value::Number)
    }

    fn decode(value: &Value) -> Result<Self, SignalError> {
        match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => match text.as_str() {
                "NaN" => Some(Self::NAN),
                "inf" => Some(Self::INFINITY),
                "-inf" => Some(Self::NEG_INFINITY),
                _ => None,
            },
            _ => None,
        }
        .ok_or_else(|| SignalError::new("must be a number"))
    }
}

impl SignalValue for f32 {
    fn encode(&self) -> Value {
        f64::from(*self).encode()
    }

    fn decode(value: &Value) -> Result<Self, SignalError> {
        let wide = f64::decode(value)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an overflow is refused below"
        )]
        let narrow = wide as Self;
        if narrow.is_finite() == wide.is_finite() {
            Ok(narrow)
        } else {
            Err(SignalError::new("must be a number that fits 32 bits"))
        }
    }
}
