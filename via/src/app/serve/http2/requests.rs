//! The requests of one HTTP/2 connection, and how long it is kept without any.

use std::sync::{Arc, Mutex};

use tokio::time::Instant;

use crate::{limits, lock::lock};

/// Counts what is under way; its clones count together.
#[derive(Clone, Debug)]
pub(super) struct Requests(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    open: usize,
    any: bool,
    /// Until when the next has to come, if none is open.
    next_by: Instant,
    /// Whether there is to be no next one.
    last: bool,
}

/// A request, until its answer is handed out or given up.
#[derive(Debug)]
pub(super) struct OpenRequest(Requests);

impl Requests {
    /// The first has to come until `first_by`.
    pub(super) fn new(first_by: Instant) -> Self {
        Self(Arc::new(Mutex::new(State {
            open: 0,
            any: false,
            next_by: first_by,
            last: false,
        })))
    }

    /// One more has come.
    pub(super) fn begin(&self) -> OpenRequest {
        let mut state = lock(&self.0);
        state.open += 1;
        state.any = true;
        OpenRequest(self.clone())
    }

    /// Whether there was none so far.
    pub(super) fn are_none(&self) -> bool {
        !lock(&self.0).any
    }

    /// From now on the other side has to end the connection, when all are answered.
    pub(super) fn are_the_last(&self) {
        let mut state = lock(&self.0);
        state.last = true;
        state.next_by = Instant::now() + limits::HEAD_TIME;
    }

    /// Until when something has to come, or to be looked at again.
    pub(super) fn next_by(&self) -> Instant {
        let state = lock(&self.0);
        if state.open > 0 {
            Instant::now() + limits::KEEP_ALIVE
        } else {
            state.next_by
        }
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        let mut state = lock(&self.0.0);
        state.open -= 1;
        let kept = if state.last {
            limits::HEAD_TIME
        } else {
            limits::KEEP_ALIVE
        };
        state.next_by = Instant::now() + kept;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_kept_while_a_request_is_open_and_for_a_while_after_the_last() {
        let opened = Instant::now();
        let requests = Requests::new(opened + limits::HEAD_TIME);
        assert!(requests.are_none());
        assert_eq!(requests.next_by(), opened + limits::HEAD_TIME);
        let (first, second) = (requests.begin(), requests.begin());
        assert!(!requests.are_none());
        tokio::time::advance(Duration::from_mins(5)).await;
        drop(first);
        assert_eq!(requests.next_by(), Instant::now() + limits::KEEP_ALIVE);
        tokio::time::advance(Duration::from_mins(5)).await;
        drop(second);
        let ended = Instant::now();
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(requests.next_by(), ended + limits::KEEP_ALIVE);
        requests.are_the_last();
        assert_eq!(requests.next_by(), Instant::now() + limits::HEAD_TIME);
    }
}
