//! A browser's session with one open page, as it appears on the wire.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
};

use super::{
    events::EventReader,
    tab::Call,
    wire::{Line, connect_from},
};
use crate::client::{Answer, Tab, Visitor, bytes};

/// An attached page in its own session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) tab: Tab,
    /// The hash of the frame that the document showed.
    frame: String,
    /// The address from which its stream connects.
    pub(super) source: Ipv4Addr,
}

impl Session {
    /// Loads the page at `path` without a cookie, and attaches.
    pub(super) fn visit(line: &mut Line, path: &str, at: usize) -> io::Result<Self> {
        let visitor = Visitor::new(line.socket.peer_addr()?);
        let page = line.send(&visitor.navigation(path))?;
        visitor.keep_cookies(&page.headers);
        let attached = line.send(&visitor.post(path, "attach", "{}"))?;
        Ok(Self {
            tab: Tab::new(visitor, path, &attached.json()),
            frame: between(&page.text(), "data-via-frame=\"", "\"")?,
            source: source(at),
        })
    }

    pub(super) fn server(&self) -> SocketAddr {
        self.tab.visitor().server()
    }

    /// The request that opens its stream.
    pub(super) fn stream_request(&self) -> Vec<u8> {
        let tabs = [(&self.tab, Some(self.frame.as_str()))];
        bytes(&self.tab.visitor().opening("/_via/stream", &tabs))
    }

    /// Opens its stream, and waits for the greeting.
    pub(super) fn open_stream(&self) -> io::Result<(TcpStream, EventReader)> {
        let (socket, reader, _) = self.open_stream_with_id()?;
        Ok((socket, reader))
    }

    /// The same, with the id that the greeting gives to the stream, if any.
    pub(super) fn open_stream_with_id(
        &self,
    ) -> io::Result<(TcpStream, EventReader, Option<String>)> {
        let mut socket = connect_from(self.source, self.server())?;
        socket.write_all(&self.stream_request())?;
        let mut reader = EventReader::default();
        let mut greeting = Vec::new();
        let mut chunk = [0; 16 * 1024];
        loop {
            let read = socket.read(&mut chunk)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            greeting.extend_from_slice(&chunk[..read]);
            if reader.push(&chunk[..read])?.hellos > 0 {
                break;
            }
        }
        socket.set_nonblocking(true)?;
        let id = between(&String::from_utf8_lossy(&greeting), "\"stream\":\"", "\"").ok();
        Ok((socket, reader, id))
    }

    /// Acts once and waits for the answer, without reading its stream.
    pub(super) fn act_once(&mut self, line: &mut Line, call: Call) -> io::Result<()> {
        line.send(&self.tab.request(&call.action()))?;
        // The document is older than the action, so the stream begins with a whole frame.
        self.frame = "0".into();
        Ok(())
    }

    /// The current page.
    pub(super) fn page(&self, line: &mut Line) -> io::Result<Answer> {
        line.send(&self.tab.visitor().navigation(self.tab.path()))
    }
}

/// A server may limit the streams of one address, so only few sessions share one.
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
