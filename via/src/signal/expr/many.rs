//! Texts and lists: their length and their content.

use super::{Expr, IntoExpr, Level, SignalValue, Source, compare, literal::quoted, on_handles};

/// Types that can be empty: `String`, `Vec` and arrays.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no length",
    label = "not a `String` or a list",
    note = "for a number, use `.eq(0)`; for an `Option`, use `.is_none()`"
)]
pub trait Many: SignalValue {
    /// The literal of the empty value, if the browser can compare with it directly.
    #[doc(hidden)]
    const EMPTY: Option<&'static str> = None;

    /// Like `len` in Rust.
    #[doc(hidden)]
    fn count(&self) -> usize;
}

/// Types that can contain other values: `String`, `Vec` and arrays.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot contain other values",
    label = "not a `String` or a list",
    note = "to compare a single value, use `.eq(..)`"
)]
pub trait Container<Item>: Many {
    /// Like `contains` in Rust.
    #[doc(hidden)]
    fn has(&self, item: &Item) -> bool;

    /// The expression for [`has`](Self::has) in the browser.
    #[doc(hidden)]
    fn has_source(this: &str, item: &str) -> String;
}

impl Many for String {
    const EMPTY: Option<&'static str> = Some("''");

    fn count(&self) -> usize {
        self.len()
    }
}

impl Container<Self> for String {
    fn has(&self, item: &Self) -> bool {
        self.contains(item)
    }

    fn has_source(this: &str, item: &str) -> String {
        format!("{this}.includes({item})")
    }
}

fn has_item<T: SignalValue>(items: &[T], item: &T) -> bool {
    items.iter().any(|other| compare::equal(other, item))
}

fn has_item_source<T: SignalValue>(this: &str, item: &str) -> String {
    match T::READING.cast() {
        Some(cast) => format!("@has({this}, {item}, {})", quoted(cast)),
        None => format!("@has({this}, {item})"),
    }
}

impl<T: SignalValue> Many for Vec<T> {
    fn count(&self) -> usize {
        self.as_slice().len()
    }
}

impl<T: SignalValue> Container<T> for Vec<T> {
    fn has(&self, item: &T) -> bool {
        has_item(self, item)
    }

    fn has_source(this: &str, item: &str) -> String {
        has_item_source::<T>(this, item)
    }
}

impl<T: SignalValue, const N: usize> Many for [T; N] {
    fn count(&self) -> usize {
        self.as_slice().len()
    }
}

impl<T: SignalValue, const N: usize> Container<T> for [T; N] {
    fn has(&self, item: &T) -> bool {
        has_item(self, item)
    }

    fn has_source(this: &str, item: &str) -> String {
        has_item_source::<T>(this, item)
    }
}

fn text_test(
    this: Expr<String>,
    other: Expr<String>,
    method: &str,
    test: fn(&str, &str) -> bool,
) -> Expr<bool> {
    let source = this.source.method(method, &other.source);
    this.zip(other, source, move |this, other| test(&this, &other))
}

on_handles! {
    [T: SignalValue] T {
        /// Counts the items of a list, or the bytes of a text in UTF-8, like `len` in Rust.
        pub fn len(self) -> Expr<usize>
        where
            T: Many,
        {
            let this = self.into_expr();
            let source = Source::call("len", &[this.source()]);
            this.map(source, |value| value.count())
        }

        /// Whether the text or list is empty.
        pub fn is_empty(self) -> Expr<bool>
        where
            T: Many,
        {
            let this = self.into_expr();
            let (measure, empty) = match T::EMPTY {
                Some(empty) => (this.source().clone(), empty),
                None => (Source::call("len", &[this.source()]), "0n"),
            };
            let source = measure.infix(Level::EQUAL, "===", &Source::atom(empty.to_owned()));
            this.map(source, |value| value.count() == 0)
        }

        /// Whether this text contains another, or this list contains an item.
        pub fn contains<I: SignalValue>(self, item: impl IntoExpr<I>) -> Expr<bool>
        where
            T: Container<I>,
        {
            let (this, item) = (self.into_expr(), item.into_expr());
            let receiver = this.source().within(Level::ATOM);
            let source = Source::atom(T::has_source(&receiver, item.source().text()));
            this.zip(item, source, |value, item| value.has(&item))
        }
    }
}

on_handles! {
    [] String {
        /// Counts the characters of a text: each is a `char` of Rust, a Unicode code point.
        pub fn char_count(self) -> Expr<usize> {
            let this = self.into_expr();
            let source = Source::call("chars", &[this.source()]);
            this.map(source, |text| text.chars().count())
        }

        /// Whether this text begins with another.
        pub fn starts_with(self, start: impl IntoExpr<String>) -> Expr<bool> {
            let test = |text: &str, start: &str| text.starts_with(start);
            text_test(self.into_expr(), start.into_expr(), "startsWith", test)
        }

        /// Whether this text ends with another.
        pub fn ends_with(self, end: impl IntoExpr<String>) -> Expr<bool> {
            let test = |text: &str, end: &str| text.ends_with(end);
            text_test(self.into_expr(), end.into_expr(), "endsWith", test)
        }
    }
}
