//! Floating-point numbers: JavaScript numbers, or text if JSON has no such number.

use serde_json::{Number, Value};

use super::{Reading, SignalError, SignalValue};

macro_rules! floats {
    ($($float:ident: $shortest:expr),*) => {$(
        impl SignalValue for $float {
            const READING: Reading = Reading::Float;

            fn encode(&self) -> Value {
                in_json($shortest(*self))
            }

            fn decode(value: &Value) -> Result<Self, SignalError> {
                let not_exact = || {
                    SignalError::new(concat!(
                        "must be a number with no more digits than `",
                        stringify!($float),
                        "` holds"
                    ))
                };
                match value {
                    Value::Number(number) => {
                        let wide = number.as_f64().ok_or_else(not_exact)?;
                        #[allow(
                            clippy::cast_possible_truncation,
                            clippy::unnecessary_cast,
                            reason = "one body for both types; a loss is refused below"
                        )]
                        let float = wide as $float;
                        let same = |other: f64| other.to_bits() == wide.to_bits();
                        if same(float.into()) || same($shortest(float)) {
                            Ok(float)
                        } else {
                            Err(not_exact())
                        }
                    }
                    Value::String(text) => {
                        let text = text.trim();
                        match text {
                            "NaN" => return Ok(Self::NAN),
                            "Infinity" => return Ok(Self::INFINITY),
                            "-Infinity" => return Ok(Self::NEG_INFINITY),
                            _ => {}
                        }
                        let Some(typed) = Decimal::of(text) else {
                            return Err(SignalError::new("must be a number"));
                        };
                        let float = text.parse::<Self>().map_err(|_| not_exact())?;
                        if Decimal::of(&float.to_string()) == Some(typed) {
                            Ok(float)
                        } else {
                            Err(not_exact())
                        }
                    }
                    _ => Err(SignalError::new("must be a number")),
                }
            }
        }
    )*};
}

floats!(f32: shortest, f64: std::convert::identity);

/// The `f64` with the same shortest decimal digits: 0.1 and not 0.10000000149011612.
fn shortest(float: f32) -> f64 {
    let exact = f64::from(float);
    float
        .to_string()
        .parse()
        .ok()
        .filter(|short: &f64| {
            #[expect(clippy::cast_possible_truncation, reason = "it is what is asked for")]
            let back = *short as f32;
            back.to_bits() == float.to_bits()
        })
        .unwrap_or(exact)
}

/// Encodes a number like a browser does. Otherwise the server would take the two forms for different
/// values, and send the number back.
fn in_json(float: f64) -> Value {
    // JavaScript writes -0 as `0`, and JSON has no infinities or NaN. `Number()` can read these texts.
    if float == 0.0 && float.is_sign_negative() {
        return Value::from("-0");
    }
    if float.fract() == 0.0 && float.abs() < 1e15 {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
        return Value::from(float as i64);
    }
    Number::from_f64(float).map_or_else(
        || {
            Value::from(if float.is_nan() {
                "NaN"
            } else if float > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            })
        },
        Value::Number,
    )
}

/// A decimal number of any length: its sign, its digits without zeros at both ends, and the power of
/// ten of the last digit.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Parses texts such as `1.50`, `-.5` and `1e3` without rounding.
    fn of(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, i64::from(exponent.parse::<i32>().ok()?)),
            None => (text, 0),
        };
        let unsigned = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let significant = digits.trim_end_matches('0');
        let exponent = exponent + length(&digits) - length(significant) - length(fraction);
        let significant = significant.trim_start_matches('0');
        Some(Self {
            negative: mantissa.starts_with('-'),
            digits: significant.to_owned(),
            exponent: if significant.is_empty() { 0 } else { exponent },
        })
    }
}

fn length(digits: &str) -> i64 {
    i64::try_from(digits.len()).unwrap_or(i64::MAX)
}
