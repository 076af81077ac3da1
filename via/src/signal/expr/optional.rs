//! Values that may be missing.

use super::{Expr, IntoExpr, Level, SignalValue, Source, on_handles};

/// Types whose value may be missing: `Option`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` always has a value",
    label = "not an `Option`",
    note = "`is_some`, `is_none` and `unwrap_or` need an `Option`; for a text or a list, use `is_empty`"
)]
pub trait Optional<Inner>: SignalValue {
    /// Converts the value into an `Option`.
    #[doc(hidden)]
    fn option(self) -> Option<Inner>;
}

impl<T: SignalValue> Optional<T> for Option<T> {
    fn option(self) -> Self {
        self
    }
}

fn presence<T: Optional<U>, U: SignalValue>(
    this: Expr<T>,
    operator: &str,
    wanted: bool,
) -> Expr<bool> {
    let null = Source::atom("null".to_owned());
    let source = this.source.infix(Level::EQUAL, operator, &null);
    this.map(source, move |value| value.option().is_some() == wanted)
}

on_handles! {
    [T: SignalValue] T {
        /// Whether there is a value.
        pub fn is_some<U: SignalValue>(self) -> Expr<bool>
        where
            T: Optional<U>,
        {
            presence(self.into_expr(), "!==", true)
        }

        /// Whether the value is missing. It is missing if the user empties the bound field, unless the
        /// type is `Option<String>`.
        pub fn is_none<U: SignalValue>(self) -> Expr<bool>
        where
            T: Optional<U>,
        {
            presence(self.into_expr(), "===", false)
        }

        /// Returns the value, or `other` if it is missing.
        pub fn unwrap_or<U: SignalValue>(self, other: impl IntoExpr<U>) -> Expr<U>
        where
            T: Optional<U>,
        {
            let (this, other) = (self.into_expr(), other.into_expr());
            let source = if U::NULLABLE {
                // A nested value that is present is in brackets.
                let some = Source::atom(format!("{}[0]", this.source().within(Level::ATOM)));
                let null = Source::atom("null".to_owned());
                this.source().infix(Level::EQUAL, "===", &null).choice(other.source(), &some)
            } else {
                this.source().infix(Level::OR_ELSE, "??", other.source())
            };
            Expr::new(source, move |signals| match this.evaluate(signals)?.option() {
                Some(value) => Some(value),
                None => other.evaluate(signals),
            })
        }
    }
}
