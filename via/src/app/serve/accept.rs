//! Accepts connections, up to a limit.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::Semaphore, time::sleep};
use tokio_util::task::TaskTracker;

use super::{connection, site::Site};
use crate::limits;

/// How long to wait if the system cannot accept another connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Accepts connections as long as it is polled. Each connection is a task of `connections`, which may
/// run for longer.
pub(super) async fn run(
    listener: TcpListener,
    site: Arc<Site>,
    connections: &TaskTracker,
) -> Infallible {
    let room = Arc::new(Semaphore::new(limits::CONNECTIONS));
    let mut was_full = false;
    loop {
        // The semaphore is never closed. If it were, there would only be no limit.
        let permit = Arc::clone(&room).acquire_owned().await.ok();
        let (socket, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) if is_of_the_connection(&error) => continue,
            Err(error) => {
                if !was_full {
                    tracing::error!(%error, "no connection can be accepted; it is tried again");
                }
                was_full = true;
                sleep(NO_ROOM).await;
                continue;
            }
        };
        was_full = false;
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "a connection will be slower than it could");
        }
        let site = Arc::clone(&site);
        let streams = connections.clone();
        connections.spawn(async move {
            let becomes = connection::serve(site, socket, peer.ip()).await;
            drop(permit);
            if let Some((live, socket)) = becomes {
                // A new task, because it needs less memory than this one.
                streams.spawn(live.run(socket));
            }
        });
    }
}

/// Whether only this connection failed, before it was accepted. The next one may work.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}
