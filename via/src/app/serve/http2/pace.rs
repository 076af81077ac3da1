//! How what an answer says is taken: each piece is handed out, and taken when the next is asked for.

use std::sync::{Arc, Mutex};

use crate::{frames::Kept, lock::lock};

/// What the body of an answer and the task that sends it know of each other.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    pieces: u64,
    /// Whether the latest piece is still to be taken.
    waits: bool,
    /// What is kept in memory for as long as pieces wait.
    kept: Vec<Kept>,
}

tokio::task_local! {
    /// That of the answer which the task is about.
    pub(super) static PACE: Arc<Pace>;
}

impl Pace {
    /// That of the answer which this task is about.
    pub(super) fn of_this_task() -> Arc<Self> {
        PACE.try_with(Arc::clone).unwrap_or_default()
    }

    /// The next pieces keep this in memory.
    pub(super) fn keep(&self, kept: impl Iterator<Item = Kept>) {
        let mut state = lock(&self.0);
        state.kept.clear();
        state.kept.extend(kept);
    }

    /// A piece is on its way.
    pub(super) fn hand_out(&self) {
        let mut state = lock(&self.0);
        state.pieces += 1;
        state.waits = true;
    }

    /// All pieces so far have found their place.
    pub(super) fn is_taken(&self) {
        lock(&self.0).waits = false;
    }

    /// The number of the piece that waits to be taken.
    pub(super) fn waiting(&self) -> Option<u64> {
        let state = lock(&self.0);
        state.waits.then_some(state.pieces)
    }

    /// What is kept in memory until then.
    pub(super) fn kept(&self) -> Vec<Kept> {
        lock(&self.0).kept.clone()
    }
}
