//! A live stream that writes directly to the socket of its connection.
//!
//! When a stream begins, the server frees everything of the HTTP connection that served to read
//! requests. One small task remains. While it waits, it holds only the socket and the stream, and no
//! buffer. The response has neither a length nor chunks, so its body ends with the connection.

use std::{
    fmt::Write as _,
    future::{Future as _, poll_fn},
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::SystemTime,
};

use tokio::{io::AsyncWrite as _, net::TcpStream, time::timeout};

use super::addresses::Seat;
use crate::{
    app::{live_stream, security},
    frames::{Outgoing, SlowReader},
    limits,
    log_text::LogText,
    stream::TabStream,
};

/// A stream that is ready to be written to its socket.
#[derive(Debug)]
pub(super) struct LiveSocket {
    pub(super) stream: TabStream,
    /// Whether browsers are to use HTTPS alone.
    pub(super) hsts: bool,
    /// Counts the stream of the address until the stream ends.
    pub(super) _seat: Seat,
}

impl LiveSocket {
    /// Writes the stream until it ends, the client disconnects, or the client reads nothing for too long.
    pub(super) async fn run(mut self, mut socket: TcpStream) {
        let mut out = Outgoing::from(head(self.hsts));
        let mut unexpected = 0;
        loop {
            let more = {
                let next = self.stream.next(&mut out);
                tokio::pin!(next);
                poll_fn(|cx| {
                    if let Poll::Ready(more) = next.as_mut().poll(cx) {
                        return Poll::Ready(Some(more));
                    }
                    poll_gone(&socket, &mut unexpected, cx).map(|()| None)
                })
                .await
            };
            let Some(more) = more else {
                return reset(&socket);
            };
            let written = match write_at_once(&socket, &out) {
                Ok(None) => Ok(()),
                Ok(Some((first, rest))) => {
                    let slow = self.stream.slow_reader(&out);
                    // On the heap, so that a stream with nothing to write stays small.
                    Box::pin(write_slowly(&socket, slow, first, rest)).await
                }
                Err(error) => Err(error),
            };
            if written.is_err() {
                return reset(&socket);
            }
            if !more {
                // The stream is complete, so the client must see a regular end of the connection.
                let _ = poll_fn(|cx| Pin::new(&mut socket).poll_shutdown(cx)).await;
                break;
            }
            out = Outgoing::default();
        }
    }
}

/// The head of the response.
fn head(hsts: bool) -> Vec<u8> {
    let date = httpdate::HttpDate::from(SystemTime::now());
    let mut head = format!("HTTP/1.1 200 OK\r\ndate: {date}\r\n");
    for (name, value) in live_stream::HEADERS
        .iter()
        .chain([&live_stream::CLOSE])
        .chain(&security::DEFAULT_HEADERS)
        .chain(hsts.then_some(&security::HSTS))
    {
        let value = value.to_str().unwrap_or_default();
        // Writing to a string never fails.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// Ends the connection without sending what the system still buffers: the client does not read it.
fn reset(socket: &TcpStream) {
    if let Err(error) = socket.set_zero_linger() {
        tracing::debug!(error = %LogText(&error), "the buffers of a connection are kept for a while");
    }
}

/// Is ready when the client has closed the connection, or has sent too much. Ignores a few bytes, which
/// are not a request.
fn poll_gone(socket: &TcpStream, unexpected: &mut usize, cx: &mut Context<'_>) -> Poll<()> {
    loop {
        if ready!(socket.poll_read_ready(cx)).is_err() {
            return Poll::Ready(());
        }
        match socket.try_read(&mut [0; 256]) {
            Ok(read @ 1..) => {
                *unexpected += read;
                if *unexpected > limits::UNEXPECTED {
                    return Poll::Ready(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(0) | Err(_) => return Poll::Ready(()),
        }
    }
}

/// Writes as much as the socket takes at once, and returns the rest.
fn write_at_once<'a>(
    socket: &TcpStream,
    out: &'a Outgoing,
) -> io::Result<Option<(&'a [u8], impl Iterator<Item = &'a [u8]>)>> {
    let mut pieces = out.pieces();
    while let Some(piece) = pieces.next() {
        let written = match socket.try_write(piece) {
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        if written < piece.len() {
            return Ok(Some((&piece[written..], pieces)));
        }
    }
    Ok(None)
}

/// Writes the rest, as long as the client keeps reading.
async fn write_slowly<'a>(
    socket: &TcpStream,
    mut slow: SlowReader,
    first: &'a [u8],
    pieces: impl Iterator<Item = &'a [u8]>,
) -> io::Result<()> {
    for mut piece in std::iter::once(first).chain(pieces) {
        while !piece.is_empty() {
            tokio::select! {
                biased;
                () = slow.cut() => return Err(io::ErrorKind::OutOfMemory.into()),
                writable = timeout(limits::WRITE_STALL, socket.writable()) => writable??,
            }
            match socket.try_write(piece) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    piece = &piece[written..];
                    slow.goes_on();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_stream_has_every_header_that_other_answers_have() {
        let head = String::from_utf8(head(true)).unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"));
        for name in [
            "date",
            "content-type",
            "cache-control",
            "x-accel-buffering",
            "connection",
            "content-security-policy",
            "x-content-type-options",
            "referrer-policy",
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
            "strict-transport-security",
        ] {
            assert!(head.contains(&format!("\r\n{name}: ")), "{name}: {head}");
        }
    }
}
