//! Serving an app: a listener, a graceful end.

mod accept;
mod addresses;
mod connection;
mod live_socket;
mod patient_io;
mod site;

use std::{future::Future, net::SocketAddr, sync::Arc};

use axum::Router;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio_util::task::TaskTracker;

use self::{addresses::Addresses, site::Site};

use super::{App, routes};
use crate::{
    error::{Error, Result},
    limits,
    runtime::Core,
};

/// An app that listens, and serves once it [`run`](Self::run)s.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    core: Arc<Core>,
    streams_per_address: usize,
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
        self.timeouts.check()?;
        self.take_secrets()?;
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
        let streams_per_address = self.streams_per_address;
        let (core, files) = self.into_core(secure);
        core.keys().await?;
        let router = routes::router(&core, &files).fallback(routes::nowhere);
        Ok(Server {
            listener,
            address,
            router,
            core,
            streams_per_address,
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
            streams_per_address,
            ..
        } = self;
        let site = Arc::new(Site {
            core: Arc::clone(&core),
            plain: routes::plain(&core),
            router,
            addresses: Addresses::new(streams_per_address),
        });
        let connections = TaskTracker::new();
        tokio::select! {
            never = accept::run(listener, site, &connections) => match never {},
            () = stop => {}
        }
        // From here on nobody is ready, nothing new is accepted, and every stream says goodbye.
        core.shutdown.cancel();
        core.hub.wake_all();
        connections.close();
        // One deadline for all that is under way.
        let overdue = tokio::time::sleep(limits::DRAIN);
        tokio::pin!(overdue);
        tokio::select! {
            biased;
            () = connections.wait() => {}
            () = &mut overdue => {
                tracing::warn!(connections = connections.len(), "some connections did not end in time");
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
