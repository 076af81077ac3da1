//! What `cx.increment()` makes: an expression that calls the action.

use std::fmt::{self, Write as _};

use maud::Render;
use serde::Serialize;

/// The handle of an action, with its arguments; prints the expression that calls it.
///
/// The expression is a Datastar `@post` on the page's own path. Arguments are JSON in percent
/// encoding, so no text of a user can end the string that holds them.
#[derive(Clone, PartialEq, Eq)]
pub struct ActionHandle {
    expression: String,
}

impl ActionHandle {
    /// Called by generated code with the action's stable name and a tuple of its arguments
    /// (`()` where there is none).
    ///
    /// # Panics
    ///
    /// Panics if an argument cannot be written as JSON, which only a hand-written `Serialize`
    /// can bring about.
    #[doc(hidden)]
    #[must_use]
    pub fn new<A: Serialize>(name: &'static str, arguments: &A) -> Self {
        let json = serde_json::to_string(arguments)
            .unwrap_or_else(|error| panic!("an argument of `{name}` is not JSON: {error}"));
        let mut expression = format!("@post('?via={name}");
        if json != "null" {
            expression.push_str("&args=");
            percent_encode(&json, &mut expression);
        }
        expression.push_str("')");
        Self { expression }
    }
}

impl Render for ActionHandle {
    fn render_to(&self, buffer: &mut String) {
        // Beside the `&` before the arguments there are only unreserved characters, percent escapes
        // and the fixed parts above.
        maud::Escaper::new(buffer).write_str(&self.expression).ok();
    }
}

impl fmt::Debug for ActionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expression)
    }
}

fn percent_encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}
