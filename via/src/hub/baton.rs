//! Who may send the next frame: the stream, or the answer to an action.

use std::{any::Any, fmt, sync::Mutex};

use crate::lock::lock;

/// Passes one value between its owner, which lays it down while there is nothing to do, and others,
/// which borrow it for a moment. No lock is held while somebody has it.
///
/// The hub cannot look inside: what a stream shows is defined above the hub.
#[derive(Default)]
pub(crate) struct Baton(Mutex<Resting>);

#[derive(Default)]
struct Resting {
    /// Nothing while somebody has it.
    resting: Option<Box<dyn Any + Send>>,
    /// Whether the owner came for it while another had it.
    missed: bool,
}

impl Baton {
    /// The owner lays it down.
    pub(crate) fn lay_down<T: Send + 'static>(&self, thing: Box<T>) {
        lock(&self.0).resting = Some(thing);
    }

    /// The owner takes it up. If somebody else has it, [`give_back`](Self::give_back) will tell.
    pub(crate) fn take_up<T: 'static>(&self) -> Option<Box<T>> {
        let mut state = lock(&self.0);
        state.missed = state.resting.is_none();
        state.resting.take()?.downcast().ok()
    }

    /// Somebody else takes it, unless it is in use.
    pub(crate) fn borrow<T: 'static>(&self) -> Option<Box<T>> {
        lock(&self.0).resting.take()?.downcast().ok()
    }

    /// Gives back what was borrowed; answers whether the owner came for it in between.
    pub(crate) fn give_back<T: Send + 'static>(&self, thing: Box<T>) -> bool {
        let mut state = lock(&self.0);
        state.resting = Some(thing);
        std::mem::take(&mut state.missed)
    }
}

impl fmt::Debug for Baton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Baton").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_has_it_and_an_owner_who_came_in_vain_is_told() {
        let baton = Baton::default();
        assert_eq!(baton.borrow::<i32>(), None);
        baton.lay_down(Box::new(1));
        assert_eq!(baton.borrow(), Some(Box::new(1)));
        assert_eq!(baton.borrow::<i32>(), None);
        assert!(!baton.give_back(Box::new(2)));
        assert_eq!(baton.borrow(), Some(Box::new(2)));
        assert_eq!(baton.take_up::<i32>(), None);
        assert!(baton.give_back(Box::new(3)));
        assert_eq!(baton.take_up(), Some(Box::new(3)));
        baton.lay_down(Box::new(4));
        assert_eq!(baton.borrow(), Some(Box::new(4)));
        assert!(!baton.give_back(Box::new(4)));
    }
}
