//! Plain HTTP/1.1 over blocking sockets, for the generator's preparations.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream},
    time::Duration,
};

use ::bytes::Bytes;
use http::Request;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with, sockopt};

use crate::client::{Answer, Answers, bytes};

/// How long a single answer may take.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// Connects from `source`, an address of the loopback range.
pub(super) fn connect_from(source: Ipv4Addr, server: SocketAddr) -> io::Result<TcpStream> {
    let stream = socket(source, SocketFlags::CLOEXEC)?;
    connect(&stream, &server)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// The same, with a tiny receive buffer.
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

/// The answer, if its status says success.
pub(super) fn ok(answer: Answer) -> io::Result<Answer> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    let (status, body) = (answer.status, answer.text());
    Err(io::Error::other(format!(
        "the server answered {status}: {body}"
    )))
}

/// A connection for one request after another.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) socket: TcpStream,
    answers: Answers,
}

impl Line {
    pub(super) fn open(server: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            socket: connect_from(Ipv4Addr::LOCALHOST, server)?,
            answers: Answers::default(),
        })
    }

    /// Sends a request and waits for the whole answer, whose status must say success.
    pub(super) fn send(&mut self, request: &Request<Bytes>) -> io::Result<Answer> {
        self.socket.write_all(&bytes(request))?;
        let mut chunk = [0; 16 * 1024];
        loop {
            let read = self.socket.read(&mut chunk)?;
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            // Nothing follows the answer to the only request.
            if let Some(answer) = self.answers.take(&mut &chunk[..read])? {
                return ok(answer);
            }
        }
    }
}
