//! Texts and lists: how long they are and what is in them.

use super::{Expr, IntoExpr, Level, SignalValue, Source, compare, literal::quoted, on_handles};

/// Types that can be empty: `String`, `Vec` and arrays.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no length",
    label = "neither a `String` nor a list",
    note = "a number is compared: `.eq(0)`; an `Option` has `.is_none()`"
)]
pub trait Many: SignalValue {
    /// The literal of the empty value, if that is easily compared.
    #[doc(hidden)]
    const EMPTY: Option<&'static str> = None;

    /// As `len` of Rust.
    #[doc(hidden)]
    fn count(&self) -> usize;
}

/// Types that something can be in: `String`, `Vec` and arrays.
#[diagnostic::on_unimplemented(
    message = "`{Self}` contains nothing",
    label = "neither a `String` nor a list",
    note = "a single value is compared by `.eq(..)`"
)]
pub trait Container: Many {
    /// What can be in it: text in a `String`, an item in a list.
    type Item: SignalValue;

    /// As `contains` of Rust.
    #[doc(hidden)]
    fn has(&self, item: &Self::Item) -> bool;

    /// The same in the browser.
    #[doc(hidden)]
    fn has_source(this: &str, item: &str) -> String;
}

impl Many for String {
    const EMPTY: Option<&'static str> = Some("''");

    fn count(&self) -> usize {
        self.len()
    }
}

impl Container for String {
    type Item = Self;

    fn has(&self, item: &Self) -> bool {
        self.contains(item)
    }

    fn has_source(this: &str, item: &str) -> String {
        format!("{this}.includes({item})")
    }
}

fn has_item<T: SignalValue>(this: &str, item: &str) -> String {
    match T::READING.cast() {
        Some(cast) => format!("@has({this}, {item}, {})", quoted(cast)),
        None => format!("@has({this}, {item})"),
    }
}

macro_rules! lists {
    ($([$($generics:tt)*] $list:ty;)*) => {$(
        impl<$($generics)*> Many for $list {
            fn count(&self) -> usize {
                self.as_slice().len()
            }
        }

        impl<$($generics)*> Container for $list {
            type Item = T;

            fn has(&self, item: &T) -> bool {
                self.iter().any(|other| compare::equal(other, item))
            }

            fn has_source(this: &str, item: &str) -> String {
                has_item::<T>(this, item)
            }
        }
    )*};
}

lists! {
    [T: SignalValue] Vec<T>;
    [T: SignalValue, const N: usize] [T; N];
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
        /// How many items a list has, or how many bytes a text has in UTF-8, as `len` of Rust.
        pub fn len(self) -> Expr<usize>
        where
            T: Many,
        {
            let this = self.into_expr();
            let source = Source::call("len", &[this.source()]);
            this.map(source, |value| value.count())
        }

        /// Whether nothing is in it.
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

        /// Whether a text is somewhere in this one, or an item in this list.
        pub fn contains(self, item: impl IntoExpr<T::Item>) -> Expr<bool>
        where
            T: Container,
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
        /// How many characters a text has: `char`s of Rust, code points of Unicode.
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
