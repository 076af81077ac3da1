//! The least that a server must do to look like one. It keeps nothing and renders nothing, on one
//! thread and epoll. It receives the same requests, and sends answers and patches of the same size, so
//! its cost is that of the system and the sockets.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use super::{pages::say, poll::Poll, process};
use crate::client::head::{end_of_head, header};

/// The rest of the answer of `via` to an action besides the numbers, so that the size is the same.
const HEADERS: &str = "via-revision: 1000\r\ncache-control: no-store\r\n\
    content-security-policy: default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; \
    frame-ancestors 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types via\r\n\
    x-content-type-options: nosniff\r\nreferrer-policy: same-origin\r\n\
    date: Fri, 27 Nov 2026 09:00:00 GMT\r\n";

const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n\
    event: via-hello\ndata: {\"heartbeat_ms\":20000,\"stream\":\"0\"}\n\n";

#[derive(Debug)]
struct Connection {
    socket: TcpStream,
    input: Vec<u8>,
}

#[derive(Debug)]
struct Floor {
    poll: Poll,
    connections: Vec<Option<Connection>>,
    /// The connection of each stream, by token.
    streams: Vec<Option<usize>>,
    /// What a tab receives after its action.
    patch: Vec<u8>,
}

/// Serves on core 0 until the process is killed. Prints its address.
pub(super) fn serve() -> io::Result<()> {
    process::pin(0)?;
    let address = std::env::var("VIA_ADDR").unwrap_or_else(|_| "127.0.0.1:0".into());
    let listener = TcpListener::bind(address)?;
    // The standard library's backlog is too short for thousands at once.
    rustix::net::listen(&listener, 4096)?;
    say(&listener.local_addr()?.to_string());
    listener.set_nonblocking(true)?;
    let mut floor = Floor {
        poll: Poll::new()?,
        connections: Vec::new(),
        streams: Vec::new(),
        patch: Vec::new(),
    };
    floor.poll.read(&listener, usize::MAX)?;
    let mut ready = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        floor.poll.wait(Duration::from_mins(1), &mut ready)?;
        for number in &ready {
            if *number == usize::MAX {
                floor.accept(&listener)?;
            } else if floor.serve(*number, &mut chunk).is_err() {
                floor.connections[*number] = None;
            }
        }
    }
}

impl Floor {
    fn accept(&mut self, listener: &TcpListener) -> io::Result<()> {
        loop {
            let socket = match listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
            self.poll.read(&socket, self.connections.len())?;
            self.connections.push(Some(Connection {
                socket,
                input: Vec::new(),
            }));
        }
    }

    fn serve(&mut self, number: usize, chunk: &mut [u8]) -> io::Result<()> {
        let Some(connection) = &mut self.connections[number] else {
            return Ok(());
        };
        let read = match connection.socket.read(chunk) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        connection.input.extend_from_slice(&chunk[..read]);
        let input = std::mem::take(&mut connection.input);
        let rest = self.answer(number, &input)?;
        if let Some(connection) = &mut self.connections[number] {
            connection.input = input;
            connection.input.drain(..rest);
        }
        Ok(())
    }

    /// Answers a request if it is complete, and returns how long it was.
    fn answer(&mut self, number: usize, input: &[u8]) -> io::Result<usize> {
        let Some(end) = end_of_head(input) else {
            return Ok(0);
        };
        let head = std::str::from_utf8(&input[..end]).map_err(io::Error::other)?;
        let length: usize = header(head, "content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        if input.len() < end + length {
            return Ok(0);
        }
        let body = &input[end..end + length];
        match header(head, "via-request") {
            None if head.starts_with("POST /floor/patch ") => {
                body.clone_into(&mut self.patch);
                self.send(number, b"HTTP/1.1 204 No Content\r\n\r\n")?;
            }
            None => {
                let html = "<div id=\"via\" data-via-frame=\"0\"></div>";
                let length = html.len();
                let page = format!(
                    "HTTP/1.1 200 OK\r\nset-cookie: floor=0123456789; Path=/\r\ncontent-length: {length}\r\n\r\n{html}"
                );
                self.send(number, page.as_bytes())?;
            }
            Some("attach") => {
                self.streams.push(None);
                // As long as a token of `via`.
                let json = format!(
                    "{{\"tab\":\"\",\"token\":\"{:0>400}\"}}",
                    self.streams.len() - 1
                );
                let length = json.len();
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{json}");
                self.send(number, answer.as_bytes())?;
            }
            Some("stream") => {
                let token = token(body)?;
                self.streams[token] = Some(number);
                self.send(number, STREAM.as_bytes())?;
            }
            Some(_) => self.act(number, head, body)?,
        }
        Ok(end + length)
    }

    fn act(&mut self, number: usize, head: &str, body: &[u8]) -> io::Result<()> {
        let token = token(body)?;
        let action = after(body, "\"number\":")?;
        if header(head, "via-stream").is_some() {
            let length = self.patch.len();
            let mut answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{HEADERS}via-ack: {action}\r\n\
                 content-length: {length}\r\n\r\n"
            )
            .into_bytes();
            answer.extend_from_slice(&self.patch);
            return self.send(number, &answer);
        }
        let answer = format!("HTTP/1.1 204 No Content\r\n{HEADERS}via-ack: {action}\r\n\r\n");
        self.send(number, answer.as_bytes())?;
        if head.starts_with("POST /app ") {
            for stream in self.streams.iter().flatten() {
                self.send(*stream, &self.patch)?;
            }
        } else if let Some(stream) = self.streams[token] {
            self.send(stream, &self.patch)?;
        }
        Ok(())
    }

    fn send(&self, number: usize, bytes: &[u8]) -> io::Result<()> {
        let Some(connection) = &self.connections[number] else {
            return Ok(());
        };
        match (&connection.socket).write(bytes) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn token(body: &[u8]) -> io::Result<usize> {
    let digits = after(body, "\"token\":\"")?;
    Ok(digits)
}

/// The number after `key`.
fn after(body: &[u8], key: &str) -> io::Result<usize> {
    let text = std::str::from_utf8(body).map_err(io::Error::other)?;
    text.split_once(key)
        .map(|(_, rest)| rest)
        .and_then(|rest| rest.split(['"', ',']).next())
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| io::Error::other("no number in a request"))
}
