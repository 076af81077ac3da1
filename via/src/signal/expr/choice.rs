//! Conditions: `if_else` and `then`.

use super::{Expr, IntoExpr, SignalValue, on_handles};
use crate::signal::action_handle::ActionHandle;

/// Types that can be a condition in an expression: `bool`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a condition",
    label = "not a `bool`",
    note = "to get a condition, use `.eq(..)`, `.gt(..)`, `.is_empty()` or `.is_some()`"
)]
pub trait Condition: SignalValue {
    /// Whether the condition is true.
    #[doc(hidden)]
    fn holds(self) -> bool;
}

impl Condition for bool {
    fn holds(self) -> bool {
        self
    }
}

on_handles! {
    [T: SignalValue] T {
        /// Returns `yes` if this is true, and `no` otherwise.
        ///
        /// The compiler must know the type of both values. It does if `yes` is a handle or an expression.
        pub fn if_else<U: SignalValue>(self, yes: impl IntoExpr<U>, no: impl IntoExpr<U>) -> Expr<U>
        where
            T: Condition,
        {
            let (this, yes, no) = (self.into_expr(), yes.into_expr(), no.into_expr());
            let source = this.source().choice(yes.source(), no.source());
            Expr::new(source, move |signals| {
                let chosen = if this.evaluate(signals)?.holds() { &yes } else { &no };
                chosen.evaluate(signals)
            })
        }

        /// Runs an action on an event, but only if this is true at that moment.
        ///
        /// # Examples
        ///
        /// ```
        /// use via::prelude::*;
        ///
        /// #[via::page("/")]
        /// struct Search {
        ///     #[signal]
        ///     query: String,
        /// }
        ///
        /// impl View for Search {
        ///     fn view(&self, cx: &Cx<Self>) -> Markup {
        ///         let escape = event::key().eq("Escape").then(cx.query().set(""));
        ///         assert_eq!(escape.to_string(), "evt.key === 'Escape' && ($query = '')");
        ///         html! { input data-bind=(cx.query()) data-on:keydown=(escape); }
        ///     }
        /// }
        /// # via::__private::render(&Search { query: String::new() });
        /// ```
        pub fn then(self, action: ActionHandle) -> ActionHandle
        where
            T: Condition,
        {
            action.when(self.into_expr().source())
        }
    }
}
