//! Converts values to text.

use serde_json::Value;

use super::{Expr, IntoExpr, SignalValue, Source, number_text, on_handles};

/// Types that the browser can turn into text: `bool`, numbers, `char`, `String` and `Option`s of them.
#[diagnostic::on_unimplemented(
    message = "the browser cannot turn `{Self}` into text",
    label = "not a `bool`, a number, a `char`, a `String`, or an `Option` of one of these",
    note = "to choose between two texts, use `.if_else(\"one text\", \"another\")` on a condition"
)]
pub trait Textual: SignalValue {}

macro_rules! textual {
    ($($ty:ident),*) => {$(
        impl Textual for $ty {}
        impl Textual for Option<$ty> {}
    )*};
}

textual!(
    bool, char, String, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, f32, f64
);

/// The text that `data-text` shows for a value in its JSON form; `None` for lists and objects.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => number.as_f64().map(number_text),
        Value::String(text) => Some(text.clone()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

on_handles! {
    [T: SignalValue] T {
        /// Returns the text that `data-text` shows for this value.
        ///
        /// Numbers look as in JavaScript: `1.5`, `1e+21`. The text of `None` is empty.
        pub fn to_text(self) -> Expr<String>
        where
            T: Textual,
        {
            let this = self.into_expr();
            let source = Source::call("text", &[this.source()]);
            this.map(source, |value| text_of(&value.encode()).unwrap_or_default())
        }
    }
}
