//! Accepts connections, up to a limit.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use tokio::{net::TcpListener, time::sleep};
use tokio_util::task::TaskTracker;

use super::{connection, pulse::Pulse, site::Site};
use crate::log_text::LogText;

/// How long to wait if the system cannot accept another connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// How long to wait after other connections were asked to close.
const CLOSING: Duration = Duration::from_millis(5);

/// Accepts connections as long as it is polled. Each connection is a task of `connections`, and goes on
/// after that.
pub(super) async fn run(
    listener: TcpListener,
    site: Arc<Site>,
    connections: &TaskTracker,
) -> Infallible {
    let mut was_full = false;
    loop {
        let (socket, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) if is_of_the_connection(&error) => continue,
            Err(error) => {
                if !was_full {
                    tracing::error!(error = %LogText(&error), "no connection can be accepted; it is tried again");
                }
                was_full = true;
                // Usually the process has no descriptor left.
                let closed = site.connections.make_room();
                sleep(if closed > 0 { CLOSING } else { NO_ROOM }).await;
                continue;
            }
        };
        was_full = false;
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(error = %LogText(&error), "a connection will be slower than it could");
        }
        let pulse = Pulse::new();
        let seat = site.connections.admit(Arc::clone(&pulse)).await;
        let site = Arc::clone(&site);
        let streams = connections.clone();
        connections.spawn(async move {
            let becomes = connection::serve(site, socket, peer, pulse, &seat).await;
            drop(seat);
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
