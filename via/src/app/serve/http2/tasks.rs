//! The tasks that send the answers of an HTTP/2 connection, with an end to every wait for a reader.
//!
//! A body cannot be told to end while nobody asks it for more. So its task is ended, and with it the
//! stream: the other side sees a cut, and what waited for it is freed.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
};

use hyper::rt::Executor;
use tokio::time::sleep;

use super::pace::{PACE, Pace};
use crate::{frames::SlowReaders, limits};

/// Begins the tasks of a connection.
#[derive(Clone, Debug)]
pub(super) struct Tasks {
    slow_readers: SlowReaders,
}

/// What came of a task when it was polled.
enum Step {
    Over,
    /// Another piece waits to be taken, or none.
    Waiting(Option<u64>),
}

impl Tasks {
    pub(super) fn new(slow_readers: SlowReaders) -> Self {
        Self { slow_readers }
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, answer: F) {
        tokio::spawn(run(self.slow_readers.clone(), answer));
    }
}

/// Sends an answer until it is over, or is not taken for too long.
async fn run(slow_readers: SlowReaders, answer: impl Future<Output = ()> + Send) {
    let pace = Arc::<Pace>::default();
    let mut answer = pin!(PACE.scope(Arc::clone(&pace), answer));
    while let Step::Waiting(waiting) = step(answer.as_mut(), &pace, None).await {
        // On the heap, so that an answer which has nothing to say stays small.
        let slow = Box::pin(send_slowly(&slow_readers, answer.as_mut(), &pace, waiting));
        if !slow.await {
            return;
        }
    }
}

/// Waits until all is taken; answers `false` when the answer is over or given up.
async fn send_slowly(
    slow_readers: &SlowReaders,
    mut answer: Pin<&mut impl Future<Output = ()>>,
    pace: &Pace,
    mut waiting: Option<u64>,
) -> bool {
    let mut slow = slow_readers.join(pace.kept());
    while waiting.is_some() {
        tokio::select! {
            biased;
            () = slow.cut() => return false,
            step = step(answer.as_mut(), pace, waiting) => match step {
                Step::Over => return false,
                Step::Waiting(now) => waiting = now,
            },
            () = sleep(limits::WRITE_STALL) => return false,
        }
        slow.goes_on();
    }
    true
}

/// Polls until something other waits than `before`.
async fn step(
    mut answer: Pin<&mut impl Future<Output = ()>>,
    pace: &Pace,
    before: Option<u64>,
) -> Step {
    poll_fn(|cx| {
        if answer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Step::Over);
        }
        match pace.waiting() {
            now if now == before => Poll::Pending,
            now => Poll::Ready(Step::Waiting(now)),
        }
    })
    .await
}
