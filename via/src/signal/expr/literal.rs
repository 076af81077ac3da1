//! Writes Rust values as literals of the expression language.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Level, Reading, SignalValue, Source, number_text};

/// Writes a value of type `T`, given in its JSON form, as a literal.
pub(super) fn source<T: SignalValue>(value: &Value) -> Source {
    match (T::READING, value) {
        (_, Value::Null) => Source::atom("null".to_owned()),
        (Reading::Integer(_), value) => signed(format!("{}n", plain(value))),
        (Reading::Float, Value::Number(number)) => {
            signed(number_text(number.as_f64().unwrap_or(f64::NAN)))
        }
        // The literals of `-0`, `NaN` and the infinities are the same as their JSON text.
        (Reading::Float, value) => signed(plain(value)),
        (Reading::Scalar | Reading::Structure, Value::Bool(value)) => {
            Source::atom(value.to_string())
        }
        (_, Value::String(text)) => Source::atom(quoted(text)),
        // The literals of the language cannot have a key `__proto__`, so this uses JSON.
        (_, value) => Source::atom(format!("@json({})", quoted(&value.to_string()))),
    }
}

fn signed(text: String) -> Source {
    if text.starts_with('-') {
        Source::at(Level::UNARY, text)
    } else {
        Source::atom(text)
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Writes text as a string literal.
///
/// It escapes all characters that have a meaning in JavaScript, HTML or Datastar. Datastar replaces
/// `$name` and `@name(` even within string literals.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        let harmless = c.is_ascii_alphanumeric() || " !#%()*+,-./:;=?[]^_{|}~".contains(c);
        // Letters outside ASCII stay readable.
        if harmless || (!c.is_ascii() && c.is_alphanumeric()) {
            quoted.push(c);
        } else {
            // Writing to a string never fails.
            let _ = write!(quoted, "\\u{{{:x}}}", u32::from(c));
        }
    }
    quoted.push('\'');
    quoted
}
