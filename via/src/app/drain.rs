//! An app in the server of a host program, and how it stops.

use std::{fmt, sync::Arc, time::Duration};

use axum::Router;
use tokio_util::task::TaskTracker;

use super::App;
use crate::{error::Result, runtime::Core};

impl App {
    /// Turns the app into an axum [`Router`], like [`into_router`](Self::into_router), with a handle that
    /// ends the app gracefully.
    ///
    /// # Panics
    ///
    /// Panics as [`into_router`](Self::into_router) does.
    ///
    /// # Example: a host program that stops although pages are open
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::{future::IntoFuture as _, time::Duration};
    ///
    /// let (router, running) = via::App::new().into_service();
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    /// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    /// let server = axum::serve(listener, router).with_graceful_shutdown(async {
    ///     let _ = stopped.await;
    /// });
    /// let server = tokio::spawn(server.into_future());
    ///
    /// // When the program is told to stop:
    /// drop(stop); // the server accepts no more connections
    /// running.drain(Duration::from_secs(10)).await?; // streams end, and running actions finish
    /// server.await??;
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_service(self) -> (Router, Running) {
        let (router, core) = self.into_parts();
        (router, Running { core })
    }
}

/// An app that runs in the server of a host program; it comes from [`App::into_service`].
///
/// If you drop it, the app goes on. Clones belong to the same app.
#[derive(Clone)]
pub struct Running {
    core: Arc<Core>,
}

impl Running {
    /// Ends the app within `deadline`: `/readyz` answers 503, live streams end and ask their browsers to
    /// reconnect after a moment of their own, and running actions and tasks finish. Then the store is
    /// closed, so answer no more requests afterwards.
    ///
    /// What has not finished by the deadline is logged and goes on until the program ends.
    ///
    /// Tested by: `tests/server/drain.rs`.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) if the store cannot be closed.
    pub async fn drain(&self, deadline: Duration) -> Result<()> {
        drain(&self.core, None, deadline).await
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}

/// Ends an app, and waits for its connections, if its own server has them, and for its work.
pub(super) async fn drain(
    core: &Core,
    connections: Option<&TaskTracker>,
    deadline: Duration,
) -> Result<()> {
    // From here on the server is not ready, and ends every stream.
    core.shutdown.cancel();
    core.hub.wake_all();
    // All running connections, streams and tasks share this deadline.
    let overdue = tokio::time::sleep(deadline);
    tokio::pin!(overdue);
    if let Some(connections) = connections {
        connections.close();
        tokio::select! {
            biased;
            () = connections.wait() => {}
            () = &mut overdue => {
                tracing::warn!(connections = connections.len(), "some connections did not end in time");
            }
        }
    }
    core.tasks.close();
    tokio::select! {
        biased;
        () = core.tasks.wait() => {}
        () = &mut overdue => tracing::warn!(tasks = core.tasks.len(), "some tasks did not end in time"),
    }
    core.store.close().await?;
    Ok(())
}
