//! A browser's session with one open page, as far as the wire knows of it.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
};

use super::{
    events::EventReader,
    tab::Call,
    wire::{Line, connect_from},
};

/// An attached page of a session of its own.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) server: SocketAddr,
    pub(super) path: &'static str,
    pub(super) cookie: String,
    pub(super) token: String,
    /// The hash of the frame that the document showed.
    pub(super) frame: String,
    /// From where its stream comes.
    pub(super) source: Ipv4Addr,
}

impl Session {
    /// Loads the page at `path` without a cookie, and attaches.
    pub(super) fn visit(line: &mut Line, path: &'static str, at: usize) -> io::Result<Self> {
        let server = line.socket.peer_addr()?;
        let get = format!("GET {path} HTTP/1.1\r\nhost: {server}\r\n\r\n");
        let page = line.send(get.as_bytes())?.ok()?;
        let cookie = page
            .header("set-cookie")
            .and_then(|cookie| cookie.split(';').next())
            .ok_or_else(|| io::Error::other("the page came without a cookie"))?
            .to_owned();
        let html = String::from_utf8_lossy(&page.body);
        let frame = between(&html, "data-via-frame=\"", "\"")?;
        let mut session = Self {
            server,
            path,
            cookie,
            token: String::new(),
            frame,
            source: source(at),
        };
        let attached = line.send(&session.post(path, "attach", "{}"))?.ok()?;
        let json = String::from_utf8_lossy(&attached.body);
        session.token = between(&json, "\"token\":\"", "\"")?;
        Ok(session)
    }

    /// A request of the client.
    pub(super) fn post(&self, path: &str, kind: &str, body: &str) -> Vec<u8> {
        let (head, length) = (self.post_head(path, kind), body.len());
        format!("{head}{length}\r\n\r\n{body}").into_bytes()
    }

    /// The head of such a request, up to the length of its body.
    pub(super) fn post_head(&self, path: &str, kind: &str) -> String {
        let Self { server, cookie, .. } = self;
        format!(
            "POST {path} HTTP/1.1\r\nhost: {server}\r\ncookie: {cookie}\r\n\
             sec-fetch-site: same-origin\r\ncontent-type: application/json\r\n\
             via-request: {kind}\r\ncontent-length: "
        )
    }

    /// The request that opens its stream.
    pub(super) fn stream_request(&self) -> Vec<u8> {
        let Self { token, frame, .. } = self;
        let body = format!("{{\"tabs\":[{{\"token\":\"{token}\",\"frame\":\"{frame}\"}}]}}");
        self.post("/_via/stream", "stream", &body)
    }

    /// Opens its stream, and waits for the greeting.
    pub(super) fn open_stream(&self) -> io::Result<(TcpStream, EventReader)> {
        let (socket, reader, _) = self.open_stream_with_id()?;
        Ok((socket, reader))
    }

    /// The same, with the id that the greeting gives the stream, if it does.
    pub(super) fn open_stream_with_id(
        &self,
    ) -> io::Result<(TcpStream, EventReader, Option<String>)> {
        let mut socket = connect_from(self.source, self.server)?;
        socket.write_all(&self.stream_request())?;
        let mut reader = EventReader::default();
        let mut greeting = Vec::new();
        let mut chunk = [0; 16 * 1024];
        loop {
            let read = socket.read(&mut chunk)?;
            greeting.extend_from_slice(&chunk[..read]);
            if reader.push(&chunk[..read]).hellos > 0 {
                break;
            }
            if read == 0
                || reader
                    .refusal()
                    .is_some_and(|text| text.contains("\r\n\r\n"))
            {
                return Err(io::Error::other(format!(
                    "no stream: {}",
                    reader.refusal().unwrap_or_default()
                )));
            }
        }
        socket.set_nonblocking(true)?;
        let id = between(&String::from_utf8_lossy(&greeting), "\"stream\":\"", "\"").ok();
        Ok((socket, reader, id))
    }

    /// Acts once and waits for the answer, without a look at its stream.
    pub(super) fn act_once(&mut self, line: &mut Line, call: Call) -> io::Result<()> {
        let body = call.body(&self.token, "1");
        line.send(&self.post(call.path, "action", &body))?.ok()?;
        // The document is older than that, so the stream begins with a whole frame.
        self.frame = "0".into();
        Ok(())
    }

    /// What its page shows in the element with this id.
    pub(super) fn shows(&self, line: &mut Line, id: &str) -> io::Result<String> {
        let Self {
            server,
            path,
            cookie,
            ..
        } = self;
        let get = format!("GET {path} HTTP/1.1\r\nhost: {server}\r\ncookie: {cookie}\r\n\r\n");
        let page = line.send(get.as_bytes())?.ok()?;
        let html = String::from_utf8_lossy(&page.body);
        let element = between(&html, &format!("id=\"{id}\""), "</")?;
        let text = element.split_once('>').map_or("", |(_, text)| text);
        Ok(text.to_owned())
    }
}

/// A server may limit the streams of one address, so that few sessions share one.
fn source(at: usize) -> Ipv4Addr {
    const SESSIONS_PER_ADDRESS: usize = 100;
    let address = 1 + at / SESSIONS_PER_ADDRESS;
    let (high, low) = (address / 250, 1 + address % 250);
    Ipv4Addr::new(
        127,
        0,
        u8::try_from(high).unwrap_or(255),
        u8::try_from(low).unwrap_or(255),
    )
}

fn between(text: &str, before: &str, after: &str) -> io::Result<String> {
    text.split_once(before)
        .and_then(|(_, rest)| rest.split_once(after))
        .map(|(found, _)| found.to_owned())
        .ok_or_else(|| io::Error::other(format!("there is no {before} in {text}")))
}
