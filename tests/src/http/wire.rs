//! Requests as they travel.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::answer::Answer;
use crate::patience::PATIENCE;

/// A connection that closes when it is dropped, however much is still to come.
#[derive(Debug)]
pub(crate) struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A connection that is used for one request after the other.
#[derive(Debug)]
pub struct Line {
    sender: http1::SendRequest<Full<Bytes>>,
    connection: Connection,
}

impl Line {
    pub(super) async fn open(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        let connection = Connection(tokio::spawn(async move {
            // Its failure reaches whoever waits for the answer or reads the body.
            let _ = connection.await;
        }));
        Ok(Self { sender, connection })
    }

    /// Sends a request and reads the answer to its end.
    ///
    /// # Errors
    ///
    /// The connection was cut, or the answer did not end in time.
    pub async fn send(&mut self, request: Request<Bytes>) -> io::Result<Answer> {
        timeout(PATIENCE, async {
            self.sender.ready().await.map_err(io::Error::other)?;
            let response = self.begin(request).await?;
            Answer::read(response).await
        })
        .await?
    }

    async fn begin(&mut self, request: Request<Bytes>) -> io::Result<Response<Incoming>> {
        self.sender
            .send_request(request.map(Full::new))
            .await
            .map_err(io::Error::other)
    }
}

/// Sends a request over a new connection.
pub(crate) async fn send(
    server: SocketAddr,
    request: Request<Bytes>,
) -> io::Result<(Response<Incoming>, Connection)> {
    let mut line = Line::open(server).await?;
    let response = line.begin(request).await?;
    Ok((response, line.connection))
}

/// Sends bytes as they are, half-closes, and returns all that the server answers until it closes
/// the connection. For requests that no client would send.
///
/// # Errors
///
/// The connection could not be made, or it did not end in time.
pub async fn raw(server: SocketAddr, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    // A server may answer and close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await?;
    match read {
        Err(error) if answer.is_empty() => Err(error),
        _ => Ok(answer),
    }
}

/// A request as it travels, to be sent by other means.
///
/// # Panics
///
/// If a header is not plain text.
#[must_use]
pub fn bytes(request: &Request<Bytes>) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        let value = value.to_str().expect("a header is plain text");
        // Writing to a string does not fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = write!(head, "content-length: {}\r\n\r\n", request.body().len());
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(request.body());
    bytes
}
