//! Serving an app: a listener, a graceful end.

use std::{future::Future, net::SocketAddr, sync::Arc};

use axum::{Router, serve::ListenerExt as _};
use tokio::net::{TcpListener, ToSocketAddrs};

use super::{App, Core, routes};
use crate::{
    error::{Error, Result},
    limits,
};

/// An app that listens, and serves once it [`run`](Self::run)s.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    core: Arc<Core>,
}

impl App {
    /// Listens on `address` and serves until the process is told to stop by SIGTERM or Ctrl-C.
    ///
    /// # Errors
    ///
    /// [`Error`] if the address cannot be listened on, if the store cannot be used, if plain HTTP
    /// would be served to other machines without an [`origin`](Self::origin) that says so, or if the
    /// [timeouts](Self::session_timeouts) make no sense.
    pub async fn serve(self, address: impl ToSocketAddrs) -> Result<()> {
        self.bind(address).await?.run().await
    }

    /// Listens on `address`, so that the port is known before the app serves.
    ///
    /// # Errors
    ///
    /// As [`serve`](Self::serve).
    ///
    /// # Example: a port that the system chooses
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> via::Result<()> {
    /// let server = via::App::new().bind("127.0.0.1:0").await?;
    /// assert_ne!(server.address().port(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn bind(mut self, address: impl ToSocketAddrs) -> Result<Server> {
        self.timeouts.check().map_err(Error::timeouts)?;
        self.take_secrets().map_err(Error::secret)?;
        let listener = TcpListener::bind(address).await.map_err(Error::listen)?;
        let address = listener.local_addr().map_err(Error::listen)?;
        let secure = match self.origins.first() {
            Some(origin) => origin.starts_with("https:"),
            None if address.ip().is_loopback() => {
                let port = address.port();
                self.origins = ["127.0.0.1", "localhost", "[::1]"]
                    .map(|host| format!("http://{host}:{port}"))
                    .into();
                false
            }
            None => return Err(Error::plain_http(address)),
        };
        let (core, files) = self.into_core(secure);
        core.keys().await?;
        let router = routes::router(&core, &files).fallback(routes::nowhere);
        Ok(Server {
            listener,
            address,
            router,
            core,
        })
    }
}

impl Server {
    /// The address that is listened on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the process is told to stop by SIGTERM or Ctrl-C; then finishes the actions
    /// that run, asks browsers to come back, and returns within ten seconds.
    ///
    /// # Errors
    ///
    /// [`Error`] if the listener or the store fails.
    pub async fn run(self) -> Result<()> {
        self.run_until(told_to_stop()).await
    }

    /// Serves as [`run`](Self::run) does, until `stop` is ready.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_until(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        let Self {
            listener,
            router,
            core,
            ..
        } = self;
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection will be slower than it could");
            }
        });
        let shutdown = core.shutdown.clone();
        let stopping = shutdown.clone();
        let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
            stop.await;
            stopping.cancel();
        });
        let overdue = async {
            shutdown.cancelled().await;
            tokio::time::sleep(limits::DRAIN).await;
        };
        // One deadline for all that is under way.
        tokio::pin!(overdue);
        tokio::select! {
            served = async { serving.await } => served.map_err(Error::serve)?,
            () = &mut overdue => tracing::warn!("some connections did not end in time"),
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
}

/// Ready when the process gets SIGTERM, or Ctrl-C.
async fn told_to_stop() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
