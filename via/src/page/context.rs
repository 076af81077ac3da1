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
}

impl<P: Page> Cx<P> {
    pub(crate) fn new(principal: Option<&str>) -> Self {
        Self {
            handles: P::Handles::default(),
            principal: principal.map(Box::from),
        }
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
