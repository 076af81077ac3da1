//! Plain HTTP/1.1 over blocking sockets: how the generator gets everything ready.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream},
    time::Duration,
};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with, sockopt};

/// How long any single answer may take.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// Connects from `source`, an address of the loopback range.
pub(super) fn connect_from(source: Ipv4Addr, server: SocketAddr) -> io::Result<TcpStream> {
    let stream = socket(source, SocketFlags::CLOEXEC)?;
    connect(&stream, &server)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// The same, for somebody who has hardly any room for what comes.
pub(super) fn connect_narrowly(source: Ipv4Addr, server: SocketAddr) -> io::Result<TcpStream> {
    let stream = socket(source, SocketFlags::CLOEXEC)?;
    sockopt::set_socket_recv_buffer_size(&stream, 4 * 1024)?;
    connect(&stream, &server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Begins to connect from `source`; the socket can be written to once it is connected.
pub(super) fn begin_to_connect(source: Ipv4Addr, server: SocketAddr) -> io::Result<TcpStream> {
    let stream = socket(source, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)?;
    match connect(&stream, &server) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
        Err(error) => return Err(error.into()),
    }
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn socket(source: Ipv4Addr, flags: SocketFlags) -> io::Result<TcpStream> {
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    if source != Ipv4Addr::LOCALHOST {
        bind(&socket, &SocketAddrV4::new(source, 0))?;
    }
    Ok(socket.into())
}

/// A complete answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The status line and the headers.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    /// Its length on the wire.
    pub(super) len: usize,
}

impl Answer {
    /// The value of the first header of this name, given in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// The answer, if its status says success.
    pub(super) fn ok(self) -> io::Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body);
        Err(io::Error::other(format!(
            "the server answered {}: {body}",
            self.status
        )))
    }
}

/// The value of the first header of this name, given in lower case.
pub(super) fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// Where the head of an answer or request ends, if it is complete.
pub(super) fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let found = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(found + 4)
}

/// An answer that has arrived in full at the front of `bytes`.
///
/// # Errors
///
/// If it is none, or its length is not announced.
pub(super) fn parse(bytes: &[u8]) -> io::Result<Option<Answer>> {
    let Some(end) = end_of_head(bytes) else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..end]).map_err(io::Error::other)?;
    let status = head
        .get(9..12)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| io::Error::other(format!("no answer: {head}")))?;
    let length = match header(head, "content-length") {
        Some(length) => length.parse().map_err(io::Error::other)?,
        None if status == 204 => 0,
        None => return Err(io::Error::other(format!("no length: {head}"))),
    };
    if bytes.len() < end + length {
        return Ok(None);
    }
    Ok(Some(Answer {
        status,
        head: head.to_owned(),
        body: bytes[end..end + length].to_vec(),
        len: end + length,
    }))
}

/// A connection for one request after the other.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) socket: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    pub(super) fn open(server: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            socket: connect_from(Ipv4Addr::LOCALHOST, server)?,
            buffer: Vec::new(),
        })
    }

    /// Sends a request and waits for the whole answer.
    pub(super) fn send(&mut self, request: &[u8]) -> io::Result<Answer> {
        self.socket.write_all(request)?;
        let mut chunk = [0; 16 * 1024];
        loop {
            if let Some(answer) = parse(&self.buffer)? {
                self.buffer.drain(..answer.len);
                return Ok(answer);
            }
            match self.socket.read(&mut chunk)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                read => self.buffer.extend_from_slice(&chunk[..read]),
            }
        }
    }
}
