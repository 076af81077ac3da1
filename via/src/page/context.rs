//! [`Cx`]: the typed handles that a view is given.

use std::{fmt, ops::Deref};

use super::Page;

/// The typed handles that a view receives: one method per signal and one per action.
///
/// `cx.step()` is the [`Signal`](crate::Signal) of the field `step`, `cx.increment()` the
/// [`ActionHandle`](crate::ActionHandle) of the action `increment`. A misspelled one does not
/// compile, and the compiler suggests the right one.
pub struct Cx<P: Page> {
    handles: P::Handles,
    principal: Option<Box<str>>,
    base: Box<str>,
}

impl<P: Page> Cx<P> {
    pub(crate) fn new(principal: Option<&str>, base: &str) -> Self {
        Self {
            handles: P::Handles::default(),
            principal: principal.map(Box::from),
            base: Box::from(base),
        }
    }

    /// The path at which the app is mounted: `/apps/shop` if a host program nests its router there, and
    /// empty if the app is at the root of the site.
    ///
    /// Put it before links to other pages of the app. [`Effects::redirect`](crate::Effects::redirect)
    /// adds it by itself.
    ///
    /// Tested by: `tests/server/hosts.rs`.
    ///
    /// # Examples
    ///
    /// ```
    /// use via::prelude::*;
    ///
    /// #[via::page("/")]
    /// struct Home {}
    ///
    /// impl View for Home {
    ///     fn view(&self, cx: &Cx<Self>) -> Markup {
    ///         html! { a href={ (cx.base()) "/orders" } { "Orders" } }
    ///     }
    /// }
    /// # let _ = via::App::new().page::<Home>();
    /// ```
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The principal that [`Session::login`](crate::Session::login) received; `None` if nobody is logged
    /// in.
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        self.principal.as_deref()
    }
}

impl<P: Page> Deref for Cx<P> {
    type Target = P::Handles;

    fn deref(&self) -> &P::Handles {
        &self.handles
    }
}

impl<P: Page> fmt::Debug for Cx<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx").finish_non_exhaustive()
    }
}
