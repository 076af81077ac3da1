//! Values of Rust, written as literals of the expression language.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Level, Reading, SignalValue, Source, number_text};

/// A value of type `T`, given as it travels.
pub(super) fn source<T: SignalValue>(value: &Value) -> Source {
    match (T::READING, value) {
        (_, Value::Null) => Source::atom("null".to_owned()),
        (Reading::Integer(_), value) => signed(format!("{}n", plain(value))),
        (Reading::Float, Value::Number(number)) => {
            signed(number_text(number.as_f64().unwrap_or(f64::NAN)))
        }
        // `-0`, `NaN` and the infinities are spelled as they travel.
        (Reading::Float, value) => signed(plain(value)),
        (Reading::Scalar | Reading::Structure, Value::Bool(value)) => {
            Source::atom(value.to_string())
        }
        (_, Value::String(text)) => Source::atom(quoted(text)),
        // Not as literals of the language, which have no `__proto__`.
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

/// The literal of a text: everything that could mean something to somebody on the way is escaped,
/// to JavaScript, to HTML and to Datastar, which replaces `$name` and `@name(` even within texts.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        let harmless = c.is_ascii_alphanumeric() || " !#%()*+,-./:;=?[]^_{|}~".contains(c);
        // Other letters of the world stay readable.
        if harmless || (!c.is_ascii() && c.is_alphanumeric()) {
            quoted.push(c);
        } else {
            // Writing to a string does not fail.
            let _ = write!(quoted, "\\u{{{:x}}}", u32::from(c));
        }
    }
    quoted.push('\'');
    quoted
}
