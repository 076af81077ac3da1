//! Expressions of signals: typed in Rust, evaluated in the browser whenever a signal changes.

mod arithmetic;
mod choice;
mod compare;
mod computed;
mod literal;
mod logic;
mod many;
mod number_text;
mod operator;
mod optional;
#[cfg(test)]
mod random;
mod source;
#[cfg(test)]
mod tests;
mod text;

use std::{fmt, sync::Arc};

use maud::{Escaper, Render};
use serde_json::{Map, Value};

use arithmetic::fitted;
pub use arithmetic::{AnyNumber, Integer, Signed};
pub use choice::Condition;
pub use compare::{Equal, Ordered};
pub use computed::Definition;
pub use many::{Container, Many};
pub(crate) use number_text::number_text;
pub use operator::{Operand, Operator, marker};
pub use optional::Optional;
pub(crate) use source::{Level, Source};
pub use text::Textual;
pub(crate) use text::text_of;

use super::{Reading, Signal, SignalValue, first};

/// Defines the same methods for [`Signal`] and for [`Expr`].
macro_rules! on_handles {
    ($(#[$attribute:meta])* [$($generics:tt)*] $of:ty { $($methods:tt)* }) => {
        impl<$($generics)*> crate::signal::Expr<$of> { $($methods)* }
        impl<$($generics)*> crate::signal::Signal<$of> { $($methods)* }
    };
}
pub(crate) use on_handles;

/// Computes the value of an expression from the values of signals; `None` if only the browser knows it.
type Evaluate<T> = Arc<dyn Fn(&Map<String, Value>) -> Option<T> + Send + Sync>;

/// A value that the browser computes from signals, and computes again when one of them changes.
///
/// You build it from the handles of signals with operators and methods, and print it into an attribute
/// such as `data-text` or `data-show`. It has the same value in Rust and in the browser, so the server
/// renders that value into the first HTML. The [guide](crate::signal#expressions) lists all operators.
///
/// The language of expressions is closed: an expression can read signals and the event, and nothing else
/// of the page. User text can enter an expression only as a string literal.
///
/// Tested by: `ten_thousand_random_expressions_mean_the_same_in_rust_and_in_the_browser`.
///
/// # Examples
///
/// ```
/// use via::{prelude::*, signal::IntoExpr};
///
/// #[via::page("/")]
/// struct Cart {
///     #[signal(default = 3)]
///     count: u32,
///     #[signal(default = 1.5)]
///     price: f64,
/// }
///
/// impl View for Cart {
///     fn view(&self, cx: &Cx<Self>) -> Markup {
///         let total = cx.price() * cx.count().to_f64();
///         assert_eq!(total.value(self), Some(4.5));
///         html! {
///             output data-text=(total) {}
///             p data-show=(cx.count().gt(99)) { "That is a lot." }
///         }
///     }
/// }
/// # let cart = Cart { count: 3, price: 1.5 };
/// # assert_eq!(
/// #     via::__private::render(&cart),
/// #     "<output data-text=\"@f64($price) * @f64(@u32($count))\"></output>\
/// #      <p data-show=\"@u32($count) &gt; 99n\">That is a lot.</p>"
/// # );
/// ```
#[must_use = "an expression does nothing until it is printed into an attribute"]
pub struct Expr<T> {
    source: Source,
    evaluate: Evaluate<T>,
}

/// What you can pass as an expression of a `T`: a `T`, the handle of a signal of a `T`, or an expression.
///
/// # Examples
///
/// ```
/// use via::signal::{Expr, IntoExpr};
///
/// fn doubled(number: impl IntoExpr<i64>) -> Expr<i64> {
///     number.into_expr() * 2
/// }
///
/// assert_eq!(doubled(4).to_string(), "@i64(4n * 2n)");
/// ```
#[diagnostic::on_unimplemented(
    message = "expected `{T}` in an expression, found `{Self}`",
    label = "not of type `{T}`, and not a signal or expression of it",
    note = "write a value, a signal or an expression of type `{T}`",
    note = "to convert a number, use `.to_f64()`, `.to_int::<T>()` or `.to_text()`"
)]
pub trait IntoExpr<T>: Sized {
    /// Converts the value into an expression.
    fn into_expr(self) -> Expr<T>;
}

impl<T: 'static> Expr<T> {
    pub(crate) fn new(
        source: Source,
        evaluate: impl Fn(&Map<String, Value>) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        Self {
            source,
            evaluate: Arc::new(evaluate),
        }
    }

    /// An expression whose value only the browser knows, such as the key that was pressed.
    pub(crate) fn of_browser(source: &'static str) -> Self {
        Self::new(Source::atom(source.to_owned()), |_| None)
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn evaluate(&self, signals: &Map<String, Value>) -> Option<T> {
        (self.evaluate)(signals)
    }

    fn map<U: 'static>(
        self,
        source: Source,
        with: impl Fn(T) -> U + Send + Sync + 'static,
    ) -> Expr<U> {
        Expr::new(source, move |signals| self.evaluate(signals).map(&with))
    }

    fn zip<U: 'static, V: 'static>(
        self,
        other: Expr<U>,
        source: Source,
        with: impl Fn(T, U) -> V + Send + Sync + 'static,
    ) -> Expr<V> {
        Expr::new(source, move |signals| {
            Some(with(self.evaluate(signals)?, other.evaluate(signals)?))
        })
    }
}

impl<T: SignalValue> IntoExpr<T> for T {
    fn into_expr(self) -> Expr<T> {
        let encoded = self.encode();
        Expr::new(literal::source::<T>(&encoded), move |_| {
            T::decode(&encoded).ok()
        })
    }
}

impl<T: SignalValue + Clone> IntoExpr<T> for &T {
    fn into_expr(self) -> Expr<T> {
        self.clone().into_expr()
    }
}

impl IntoExpr<String> for &str {
    fn into_expr(self) -> Expr<String> {
        self.to_owned().into_expr()
    }
}

impl<T> IntoExpr<T> for Expr<T> {
    fn into_expr(self) -> Self {
        self
    }
}

impl<T> IntoExpr<T> for &Expr<T> {
    fn into_expr(self) -> Expr<T> {
        self.clone()
    }
}

impl<T: SignalValue> IntoExpr<T> for Signal<T> {
    fn into_expr(self) -> Expr<T> {
        let name = self.in_browser();
        Expr::new(read::<T>(&name), move |signals| {
            T::decode(signals.get(name.trim_start_matches('$'))?).ok()
        })
    }
}

impl<T: SignalValue> IntoExpr<T> for &Signal<T> {
    fn into_expr(self) -> Expr<T> {
        (*self).into_expr()
    }
}

/// Reads a signal as a value of its type. A bound field may hold text in another form.
fn read<T: SignalValue>(name: &str) -> Source {
    match T::READING.cast() {
        Some(cast) if T::NULLABLE => Source::atom(format!("@{cast}({name}, null)")),
        Some(cast) => Source::atom(format!("@{cast}({name})")),
        // The empty text of an emptied field means `None`, unless it is a value of the type.
        None if T::NULLABLE
            && T::decode(&"".into()).is_ok_and(|value| value.encode().is_null()) =>
        {
            Source::at(Level::CHOICE, format!("{name} === '' ? null : {name}"))
        }
        None => Source::atom(name.to_owned()),
    }
}

impl<T> Clone for Expr<T> {
    fn clone(&self) -> Self {
        Self {
            source: self.source.clone(),
            evaluate: Arc::clone(&self.evaluate),
        }
    }
}

/// Prints the expression as the browser reads it.
impl<T> fmt::Display for Expr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.source.text())
    }
}

impl<T> fmt::Debug for Expr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expr({self})")
    }
}

impl<T: SignalValue> Render for Expr<T> {
    fn render_to(&self, buffer: &mut String) {
        let start = buffer.len();
        // Writing to a string never fails.
        let _ = fmt::Write::write_str(&mut Escaper::new(buffer), self.source.text());
        first::note(&buffer[start..], |signals| {
            self.evaluate(signals).map(|value| value.encode())
        });
    }
}

/// Whether `===` in JavaScript compares values of the type correctly.
fn is_plain<T: SignalValue>() -> bool {
    T::READING != Reading::Structure
}
