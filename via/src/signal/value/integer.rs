//! Integers: JavaScript numbers if those are exact, and otherwise their digits.

use serde_json::{Number, Value};

use super::{Reading, SignalError, SignalValue};

/// The largest integer for which a JavaScript number is always exact.
const SAFE: u64 = (1 << 53) - 1;

macro_rules! integers {
    ($($int:ident as $name:literal),*) => {$(
        impl SignalValue for $int {
            const READING: Reading = Reading::Integer($name);

            fn encode(&self) -> Value {
                match i64::try_from(*self) {
                    Ok(small) if small.unsigned_abs() <= SAFE => Value::from(small),
                    _ => Value::String(self.to_string()),
                }
            }

            fn decode(value: &Value) -> Result<Self, SignalError> {
                match value {
                    Value::Number(number) => exact(number).and_then(|number| number.try_into().ok()),
                    Value::String(text) => digits(text).and_then(|digits| digits.parse().ok()),
                    _ => None,
                }
                .ok_or_else(|| {
                    SignalError::new(format!(
                        "must be a whole number from {} to {}",
                        Self::MIN,
                        Self::MAX
                    ))
                })
            }
        }
    )*};
}

integers!(
    i8 as "i8", i16 as "i16", i32 as "i32", i64 as "i64", i128 as "i128",
    u8 as "u8", u16 as "u16", u32 as "u32", u64 as "u64", u128 as "u128"
);

#[cfg(target_pointer_width = "64")]
integers!(isize as "i64", usize as "u64");
#[cfg(not(target_pointer_width = "64"))]
integers!(isize as "i32", usize as "u32");

/// The integer of a JSON number, if the number is exact in a browser.
fn exact(number: &Number) -> Option<i64> {
    let integer = match (number.as_i64(), number.as_f64()) {
        (Some(integer), _) => integer,
        // 2^53 is below 1e16, so the cast loses nothing. -0.0 is not the integer 0.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range is checked before it"
        )]
        (None, Some(float))
            if float.fract() == 0.0
                && float.abs() < 1e16
                && (float != 0.0 || float.is_sign_positive()) =>
        {
            float as i64
        }
        _ => return None,
    };
    (integer.unsigned_abs() <= SAFE).then_some(integer)
}

/// The digits that a user typed into a text field. "-0" is not an integer.
fn digits(text: &str) -> Option<&str> {
    let text = text.trim();
    let zero = text
        .strip_prefix('-')
        .is_some_and(|digits| digits.bytes().all(|digit| digit == b'0'));
    (!zero).then_some(text)
}
