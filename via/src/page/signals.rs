//! The signals of a page with their values, and what expressions give for them.

use super::Page;
use crate::{
    signal::{Expr, Signals},
    state::{FieldWriter, Written},
};

/// The signals of a page, as the browser gets them.
pub(crate) fn signals_of<P: Page>(page: &P) -> Signals {
    let mut writer = FieldWriter::signals_of(P::DESCRIPTOR);
    page.write(&mut writer);
    P::DESCRIPTOR
        .fields
        .iter()
        .zip(writer.into_written())
        .filter_map(|(field, written)| match written {
            Written::Signal(value) => Some((field.signal_name(), value)),
            Written::State(_) | Written::Param => None,
        })
        .collect()
}

impl<T: 'static> Expr<T> {
    /// The value of the expression on a page with these fields; `None` if only a browser knows it, as
    /// it does for an [event](crate::event).
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
    ///         assert_eq!(cx.query().is_empty().value(self), Some(true));
    ///         assert_eq!(event::key().eq("Enter").value(self), None);
    ///         html! { input data-bind=(cx.query()); }
    ///     }
    /// }
    /// # via::__private::render(&Search { query: String::new() });
    /// ```
    #[must_use]
    pub fn value<P: Page>(&self, page: &P) -> Option<T> {
        self.evaluate(&signals_of(page).to_map())
    }
}
