//! Who may send the next frame: the stream, or the answer to an action.

use std::{fmt, sync::Mutex};

use crate::lock::lock;

/// Goes back and forth between its owner, who lays it down while there is nothing to do, and
/// others, who borrow it for a moment. Nobody holds a lock meanwhile.
pub(crate) struct Baton<T>(Mutex<State<T>>);

struct State<T> {
    /// Nothing while somebody has it.
    resting: Option<T>,
    /// Whether the owner came for it while another had it.
    missed: bool,
}

impl<T> Baton<T> {
    /// The owner has it in hand.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            resting: None,
            missed: false,
        }))
    }

    /// The owner lays it down.
    pub(crate) fn lay_down(&self, thing: T) {
        lock(&self.0).resting = Some(thing);
    }

    /// The owner takes it up. If somebody else has it, [`give_back`](Self::give_back) will tell.
    pub(crate) fn take_up(&self) -> Option<T> {
        let mut state = lock(&self.0);
        state.missed = state.resting.is_none();
        state.resting.take()
    }

    /// Somebody else takes it, unless it is in use.
    pub(crate) fn borrow(&self) -> Option<T> {
        lock(&self.0).resting.take()
    }

    /// Gives back what was borrowed; answers whether the owner has come for it meanwhile.
    pub(crate) fn give_back(&self, thing: T) -> bool {
        let mut state = lock(&self.0);
        state.resting = Some(thing);
        std::mem::take(&mut state.missed)
    }
}

impl<T> fmt::Debug for Baton<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Baton").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_has_it_and_an_owner_who_came_in_vain_is_told() {
        let baton = Baton::new();
        assert_eq!(baton.borrow(), None);
        baton.lay_down(1);
        assert_eq!(baton.borrow(), Some(1));
        assert_eq!(baton.borrow(), None);
        assert!(!baton.give_back(2));
        assert_eq!(baton.borrow(), Some(2));
        assert_eq!(baton.take_up(), None);
        assert!(baton.give_back(3));
        assert_eq!(baton.take_up(), Some(3));
        baton.lay_down(4);
        assert_eq!(baton.borrow(), Some(4));
        assert!(!baton.give_back(4));
    }
}
