//! Computed signals: signals that the browser derives from others.

use std::fmt;

use maud::{Escaper, Render};

use super::{Expr, IntoExpr, Level, SignalValue, Source, on_handles, read};

/// The value of a `data-computed` attribute: the name of a signal and its expression.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "print it: `data-computed=(..)`"]
pub struct Definition(Source);

on_handles! {
    [T: SignalValue] T {
        /// Defines a signal with this name that always has this value. The browser computes it once
        /// for all its readers.
        ///
        /// Print the definition into the attribute `data-computed` of an element. The signal exists as
        /// long as that element. The page must not have a signal with the same name. Characters of the
        /// name other than letters, digits and `_` become `_`.
        ///
        /// # Examples
        ///
        /// ```
        /// use via::prelude::*;
        ///
        /// #[via::page("/")]
        /// struct Cart {
        ///     #[signal(default = 3)]
        ///     count: u32,
        /// }
        ///
        /// impl View for Cart {
        ///     fn view(&self, cx: &Cx<Self>) -> Markup {
        ///         let (define_many, many) = cx.count().gt(2).computed("many");
        ///         assert_eq!(many.value(self), Some(true));
        ///         html! {
        ///             div data-computed=(define_many) {
        ///                 p data-show=(&many) { "Many" }
        ///                 p data-show=(!many) { "Few" }
        ///             }
        ///         }
        ///     }
        /// }
        /// # via::__private::render(&Cart { count: 3 });
        /// ```
        pub fn computed(self, name: &str) -> (Definition, Expr<T>) {
            let this = self.into_expr();
            let mut signal = "$".to_owned();
            signal.extend(name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }));
            let definition = Definition(Source::at(
                Level::ASSIGNMENT,
                format!("{signal} = {}", this.source().text()),
            ));
            let source = read::<T>(&signal);
            (definition, Expr::new(source, move |signals| this.evaluate(signals)))
        }
    }
}

/// Prints the definition as the browser reads it: `$name = ..`.
impl fmt::Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.text())
    }
}

impl Render for Definition {
    fn render_to(&self, buffer: &mut String) {
        // Writing to a string never fails.
        let _ = fmt::Write::write_str(&mut Escaper::new(buffer), self.0.text());
    }
}
