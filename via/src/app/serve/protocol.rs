//! Which HTTP a connection speaks: its first bytes say so.

use std::{io, time::Duration};

use tokio::{net::TcpStream, time::sleep};

/// What a client of HTTP/2 says first, where no TLS told beforehand what is spoken.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A version of HTTP, as far as it matters to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// Waits for as many bytes as tell, and takes none of them.
pub(super) async fn spoken(socket: &TcpStream) -> io::Result<Protocol> {
    let mut buffer = [0; PREFACE.len()];
    let mut pause = Duration::from_millis(1);
    loop {
        let there = socket.peek(&mut buffer).await?;
        if let Some(protocol) = told_by(&buffer[..there]) {
            return Ok(protocol);
        }
        // What is there is no news any more, so nothing tells when there is more. A preface comes in
        // pieces so seldom that looking again does.
        sleep(pause).await;
        pause *= 2;
    }
}

/// Nothing where the bytes begin the preface, and do not end it. An end is no preface.
fn told_by(start: &[u8]) -> Option<Protocol> {
    match PREFACE.strip_prefix(start) {
        Some([]) => Some(Protocol::Http2),
        Some(_) if !start.is_empty() => None,
        _ => Some(Protocol::Http1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_that_differs_tells() {
        for start in ["", "G", "POST / HTTP/1.1", "PRI * HTTP/1.1\r\n\r\nSM\r\n"] {
            assert_eq!(told_by(start.as_bytes()), Some(Protocol::Http1), "{start}");
        }
        for known in 1..PREFACE.len() {
            assert_eq!(told_by(&PREFACE[..known]), None);
        }
        assert_eq!(told_by(PREFACE), Some(Protocol::Http2));
    }
}
