//! Serves an app: listens, answers, and stops gracefully.

mod accept;
mod addresses;
mod connection;
mod connections;
mod descriptors;
mod framing;
mod live_socket;
mod patient_io;
mod proxy_protocol;
mod pulse;
mod site;

use std::{
    future::{Future, ready},
    net::SocketAddr,
    sync::Arc,
};

use axum::{Router, extract::Request};
use socket2::SockRef;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio_util::task::TaskTracker;

use self::{addresses::Addresses, connections::Connections, site::Site};

use super::{App, drain::drain, health, hosts::Hosts, routes};
use crate::{
    error::{Error, Result},
    limits,
    log_text::LogText,
    runtime::Core,
};

/// A server that listens. It answers requests once you call [`run`](Self::run).
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    core: Arc<Core>,
    room: Room,
}

/// How many connections and streams a server holds at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) connections: usize,
    pub(super) connections_per_address: usize,
    pub(super) streams_per_address: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            connections: limits::CONNECTIONS,
            connections_per_address: limits::CONNECTIONS_PER_ADDRESS,
            streams_per_address: limits::STREAMS_PER_ADDRESS,
        }
    }
}

impl App {
    /// Listens on `address` and serves until the process receives SIGTERM or Ctrl-C.
    ///
    /// # Errors
    ///
    /// [`Error`] if the app cannot listen on the address, if the store cannot be used, if the
    /// [timeouts](Self::session_timeouts) are invalid, or if the app would serve plain HTTP to other
    /// machines without an [`origin`](Self::origin) that allows it.
    pub async fn serve(self, address: impl ToSocketAddrs) -> Result<()> {
        self.bind(address).await?.run().await
    }

    /// Listens on `address`, so that you know the port before the app serves.
    ///
    /// # Errors
    ///
    /// Like [`serve`](Self::serve).
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
        bound_kernel_memory(&listener);
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
        let room = self.room;
        descriptors::warn_if_too_few(room);
        let (core, files) = self.into_core(secure);
        core.keys().await?;
        let hsts = core.config.hsts;
        let nowhere = move |request: Request| ready(routes::nowhere(&request, hsts));
        let router = routes::router(&core, &files).fallback(nowhere);
        Ok(Server {
            listener,
            address,
            router,
            core,
            room,
        })
    }
}

impl Server {
    /// The address on which the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the process receives SIGTERM or Ctrl-C. Then it finishes the running actions, asks
    /// browsers to reconnect, and returns within ten seconds.
    ///
    /// # Errors
    ///
    /// [`Error`] if the listener or the store fails.
    pub async fn run(self) -> Result<()> {
        self.run_until(told_to_stop()).await
    }

    /// Serves like [`run`](Self::run), until `stop` is ready.
    ///
    /// # Errors
    ///
    /// Like [`run`](Self::run).
    pub async fn run_until(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        let Self {
            listener,
            router,
            core,
            room,
            address,
        } = self;
        let site = Arc::new(Site {
            core: Arc::clone(&core),
            hosts: Hosts::new(
                &core.config.origins,
                Some(address),
                health::paths(&core).collect(),
            ),
            plain: routes::plain(&core),
            router,
            addresses: Addresses::new(room.streams_per_address),
            connections: Connections::new(room.connections, room.connections_per_address),
        });
        let connections = TaskTracker::new();
        tokio::select! {
            never = accept::run(listener, site, &connections) => match never {},
            () = stop => {}
        }
        // From here on the server accepts no connections.
        drain(&core, Some(&connections), limits::DRAIN).await
    }
}

/// Bounds what the system keeps for clients that do not read. Accepted sockets inherit these options.
fn bound_kernel_memory(listener: &TcpListener) {
    let socket = SockRef::from(listener);
    // By itself the system lets a buffer grow to 4 MiB.
    let bounded = socket.set_send_buffer_size(limits::SEND_BUFFER);
    // It also ends connections that were closed while they had something to send.
    #[cfg(target_os = "linux")]
    let bounded = bounded.and(socket.set_tcp_user_timeout(Some(limits::UNACKNOWLEDGED)));
    if let Err(error) = bounded {
        tracing::warn!(error = %LogText(&error), "clients that do not read can take much memory of the system");
    }
}

/// Waits until the process receives SIGTERM or Ctrl-C.
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
