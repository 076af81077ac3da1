//! Work that continues after its waiter is dropped.

use std::{
    any::Any,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_util::FutureExt as _;
use tokio_util::task::TaskTracker;

type Work<T> = Pin<Box<dyn Future<Output = std::thread::Result<T>> + Send>>;

/// Work that runs inside the future that awaits it. If this is dropped early, the work continues as a
/// task of its own. That is cheaper than one task for each piece of work.
pub(super) struct Outlive<T: Send + 'static> {
    tasks: TaskTracker,
    work: Option<Work<T>>,
}

/// Prepares `work`, for which `tasks` waits. A panic in the work becomes an error.
pub(super) fn outlive<T: Send + 'static>(
    tasks: &TaskTracker,
    work: impl Future<Output = T> + Send + 'static,
) -> Outlive<T> {
    let tracked = tasks.track_future(AssertUnwindSafe(work).catch_unwind());
    Outlive {
        tasks: tasks.clone(),
        work: Some(Box::pin(tracked)),
    }
}

impl<T: Send + 'static> Future for Outlive<T> {
    type Output = Result<T, Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.work else {
            return Poll::Pending;
        };
        let done = ready!(work.as_mut().poll(cx));
        self.work = None;
        Poll::Ready(done)
    }
}

impl<T: Send + 'static> Drop for Outlive<T> {
    fn drop(&mut self) {
        // Without a runtime the process is ending.
        if let Some(work) = self.work.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            self.tasks.spawn_on(work, &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_whose_waiter_goes_away_is_done_all_the_same_and_waited_for() {
        let tasks = TaskTracker::new();
        let (go, gone) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let mut work = outlive(&tasks, async move {
            let _ = gone.await;
            let _ = done.send(7);
        });
        let begun = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut work).poll(cx))).await;
        assert!(begun.is_pending());
        drop(work);
        tasks.close();
        assert_eq!(tasks.len(), 2);
        go.send(()).unwrap();
        tasks.wait().await;
        assert_eq!(is_done.await, Ok(7));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_the_work() {
        let tasks = TaskTracker::new();
        let panic = outlive::<()>(&tasks, async { panic!("boom") }).await;
        let panic: Box<dyn Any + Send> = match panic {
            Ok(()) => panic!("it panicked"),
            Err(panic) => panic,
        };
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"boom"));
    }
}
