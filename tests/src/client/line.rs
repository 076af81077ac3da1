//! A connection to a server.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;

use bytes::{Buf, Bytes, BytesMut};
use http::header::CONNECTION;
use http::{Method, Request};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::answer::{Answer, Answers};
use super::request::bytes;
use crate::patience::PATIENCE;

/// A connection that is used for one request after the other. Dropping it closes it at once, even
/// in the middle of an answer.
#[derive(Debug)]
pub struct Line {
    socket: Box<dyn Socket>,
    buffer: BytesMut,
    answers: Answers,
    closed: bool,
}

impl Line {
    /// Connects.
    ///
    /// # Errors
    ///
    /// The connection was refused.
    pub async fn open(server: SocketAddr) -> io::Result<Self> {
        Ok(Self::over(connect(server).await?))
    }

    /// Uses a connection that the caller has made, for example one with TLS.
    pub fn over(socket: impl Socket + 'static) -> Self {
        Self {
            socket: Box::new(socket),
            buffer: BytesMut::new(),
            answers: Answers::default(),
            closed: false,
        }
    }

    /// Whether the server said that it takes no further request on this connection.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Sends a request and reads the whole answer. It keeps no cookies.
    ///
    /// # Errors
    ///
    /// The connection was cut, or the answer did not end in time: it is unknown whether the server
    /// handled the request.
    pub async fn send(&mut self, request: &Request<Bytes>) -> io::Result<Answer> {
        if request.method() == Method::HEAD {
            self.answers.expect_no_body();
        }
        let answer = timeout(PATIENCE, self.exchange(&bytes(request))).await??;
        let connection = answer.headers.get(CONNECTION);
        self.closed |= connection.is_some_and(|value| value == "close");
        Ok(answer)
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        let (mut from, mut to) = tokio::io::split(&mut self.socket);
        let writing = to.write_all(request);
        tokio::pin!(writing);
        let mut is_written = false;
        loop {
            self.buffer.reserve(4096);
            let read = tokio::select! {
                biased;
                // A server may answer and close before it has read everything: that answer counts.
                _ = &mut writing, if !is_written => {
                    is_written = true;
                    continue;
                }
                read = from.read_buf(&mut self.buffer) => read?,
            };
            if read == 0 {
                self.closed = true;
                return self.answers.end();
            }
            let mut rest = &self.buffer[..];
            let answer = self.answers.take(&mut rest)?;
            let taken = self.buffer.len() - rest.len();
            self.buffer.advance(taken);
            if let Some(answer) = answer {
                self.closed |= !is_written;
                return Ok(answer);
            }
        }
    }
}

/// What a connection reads from and writes to.
pub trait Socket: AsyncRead + AsyncWrite + Debug + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Debug + Send + Unpin> Socket for T {}

/// Connects without delays for small requests (`TCP_NODELAY`).
pub(super) async fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpStream::connect(server).await?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Sends bytes unchanged, half-closes, and returns everything that the server sends until it
/// closes the connection. For requests that no client would send.
///
/// # Errors
///
/// The connection failed, or it did not end in time.
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
