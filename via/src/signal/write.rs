//! What changes a signal on an event.

use super::{Condition, IntoExpr, Level, Signal, SignalValue, Source, action_handle::ActionHandle};

impl<T: SignalValue> Signal<T> {
    /// Sets the value of the signal in the browser. The next action sends it to the server.
    ///
    /// # Examples
    ///
    /// ```
    /// use via::prelude::*;
    ///
    /// #[via::page("/")]
    /// struct Counter {
    ///     #[signal(default = 1)]
    ///     step: i64,
    /// }
    ///
    /// impl View for Counter {
    ///     fn view(&self, cx: &Cx<Self>) -> Markup {
    ///         let double = cx.step().set(cx.step() * 2);
    ///         assert_eq!(double.to_string(), "$step = @i64(@i64($step) * 2n)");
    ///         html! { button data-on:click=(double) { "Double" } }
    ///     }
    /// }
    /// # via::__private::render(&Counter { step: 1 });
    /// ```
    pub fn set(self, value: impl IntoExpr<T>) -> ActionHandle {
        let (name, value) = (self.in_browser(), value.into_expr());
        ActionHandle::step(Source::at(
            Level::ASSIGNMENT,
            format!("{name} = {}", value.source().text()),
        ))
    }

    /// Changes true to false, and false to true.
    ///
    /// # Examples
    ///
    /// ```
    /// use via::prelude::*;
    ///
    /// #[via::page("/")]
    /// struct Menu {
    ///     #[signal(local)]
    ///     open: bool,
    /// }
    ///
    /// impl View for Menu {
    ///     fn view(&self, cx: &Cx<Self>) -> Markup {
    ///         assert_eq!(cx.open().toggle().to_string(), "$_open = !$_open");
    ///         html! { button data-on:click=(cx.open().toggle()) { "Menu" } }
    ///     }
    /// }
    /// # via::__private::render(&Menu { open: false });
    /// ```
    pub fn toggle(self) -> ActionHandle
    where
        T: Condition,
    {
        let name = Source::atom(self.in_browser());
        ActionHandle::step(Source::at(
            Level::ASSIGNMENT,
            format!("{} = {}", name.text(), name.prefixed('!').text()),
        ))
    }
}
