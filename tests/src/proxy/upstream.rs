//! The proxy's way to the server.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// A connection that closes when it is dropped, even in the middle of an answer.
#[derive(Debug)]
pub(super) struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sends a request over a new connection.
pub(super) async fn send(
    server: SocketAddr,
    request: Request<Bytes>,
) -> io::Result<(Response<Incoming>, Connection)> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let connection = Connection(tokio::spawn(async move {
        // Its error reaches the code that waits for the answer or reads the body.
        let _ = connection.await;
    }));
    let response = sender.send_request(request.map(Full::new)).await;
    Ok((response.map_err(io::Error::other)?, connection))
}
