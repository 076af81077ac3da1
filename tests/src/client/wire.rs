//! A connection that is kept for one request after the other.

use std::io;
use std::net::SocketAddr;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::{Framing, Head, Reply};

/// A connection to a server. Dropping it closes it, whatever is still to come.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    buffer: BytesMut,
    closed: bool,
}

/// Bytes of a chunked body that are still to come.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    left: usize,
    /// Whether the line end after a chunk is still to come.
    line_end: bool,
    ended: bool,
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    ///
    /// The connection was refused.
    pub async fn open(site: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(site).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: BytesMut::new(),
            closed: false,
        })
    }

    /// Whether the server said that this connection takes no further request.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Sends a request and reads the answer to its end.
    ///
    /// # Errors
    ///
    /// The connection was cut: nobody knows what became of the request.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<Reply> {
        self.stream.write_all(request).await?;
        let Head {
            mut reply,
            framing,
            closes,
        } = self.head().await?;
        match framing {
            Framing::Length(length) => {
                while self.buffer.len() < length {
                    self.fill().await?;
                }
                reply.body.extend_from_slice(&self.buffer[..length]);
                self.buffer.advance(length);
            }
            Framing::Chunked => {
                let mut chunks = Chunks::default();
                while !chunks.take(&mut self.buffer, &mut reply.body)? {
                    self.fill().await?;
                }
            }
            Framing::Close => {
                while self.read().await? > 0 {}
                reply.body.extend_from_slice(&self.buffer.split());
            }
        }
        self.closed = closes;
        Ok(reply)
    }

    /// Sends a request without waiting for an answer.
    pub(super) async fn begin(&mut self, request: &[u8]) -> io::Result<Head> {
        self.stream.write_all(request).await?;
        self.head().await
    }

    pub(super) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Reads more; answers how much it was. Nothing is lost if this is given up half-way.
    pub(super) async fn read(&mut self) -> io::Result<usize> {
        if self.buffer.capacity() - self.buffer.len() < 2048 {
            self.buffer.reserve(4096);
        }
        self.stream.read_buf(&mut self.buffer).await
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.read().await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    async fn head(&mut self) -> io::Result<Head> {
        let mut searched = 0;
        loop {
            let found = self.buffer[searched..]
                .windows(4)
                .position(|part| part == b"\r\n\r\n");
            if let Some(at) = found {
                return Head::parse(&self.buffer.split_to(searched + at + 4));
            }
            searched = self.buffer.len().saturating_sub(3);
            self.fill().await?;
        }
    }
}

impl Chunks {
    /// Moves what is there of the body from `buffer` to `body`; answers whether it has ended.
    pub(super) fn take(&mut self, buffer: &mut BytesMut, body: &mut Vec<u8>) -> io::Result<bool> {
        loop {
            let part = self.left.min(buffer.len());
            body.extend_from_slice(&buffer[..part]);
            buffer.advance(part);
            self.left -= part;
            if self.left > 0 {
                return Ok(false);
            }
            if self.line_end {
                if buffer.len() < 2 {
                    return Ok(false);
                }
                buffer.advance(2);
                self.line_end = false;
            }
            if self.ended {
                return Ok(true);
            }
            let Some(at) = buffer.windows(2).position(|part| part == b"\r\n") else {
                return Ok(false);
            };
            let line = buffer.split_to(at + 2);
            let size = str::from_utf8(&line[..at]).map_err(io::Error::other)?;
            self.left = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
            self.line_end = true;
            self.ended = self.left == 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_put_together_however_they_are_cut() {
        let bytes = b"5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\nnext";
        let (mut chunks, mut buffer, mut body) = (Chunks::default(), BytesMut::new(), Vec::new());
        let mut ended = false;
        for byte in bytes {
            if !ended {
                buffer.extend_from_slice(&[*byte]);
                ended = chunks.take(&mut buffer, &mut body).unwrap();
            }
        }
        assert!(ended);
        assert_eq!(body, b"hello world");

        let (mut chunks, mut body) = (Chunks::default(), Vec::new());
        let mut buffer = BytesMut::from(&bytes[..]);
        assert!(chunks.take(&mut buffer, &mut body).unwrap());
        assert_eq!(body, b"hello world");
        assert_eq!(&buffer[..], b"next");
    }
}
