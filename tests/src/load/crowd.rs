//! Tabs that are open and do nothing, each in its own session.

use std::{
    io::{self, ErrorKind, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{
    events::EventReader,
    poll::Poll,
    session::Session,
    tab::{Call, Tab, read_some},
    wire::{Line, PATIENCE, begin_to_connect},
};

/// Many live streams.
#[derive(Debug)]
pub(super) struct Crowd {
    sessions: Vec<Session>,
    streams: Vec<(TcpStream, EventReader)>,
    poll: Poll,
}

/// One commit that every tab saw.
#[derive(Debug)]
pub(super) struct Spread {
    /// When each tab had its patch, measured from the action, in the order of arrival.
    pub(super) arrivals: Vec<Duration>,
}

/// Tabs that have all come back.
#[derive(Debug)]
pub(super) struct Return {
    /// When each had a live stream again.
    pub(super) arrivals: Vec<Duration>,
    /// How long the actions of other tabs took in the meantime.
    pub(super) actions: Vec<Duration>,
}

impl Crowd {
    /// Opens `count` tabs. If they must have `committed`, each acts once first.
    pub(super) fn open(
        server: SocketAddr,
        call: Call,
        count: usize,
        committed: bool,
    ) -> io::Result<Self> {
        let mut line = Line::open(server)?;
        let mut crowd = Self {
            sessions: Vec::with_capacity(count),
            streams: Vec::with_capacity(count),
            poll: Poll::new()?,
        };
        for at in 0..count {
            let mut session = Session::visit(&mut line, call.path, at)?;
            if committed {
                session.act_once(&mut line, call)?;
            }
            let stream = session.open_stream()?;
            crowd.poll.read(&stream.0, at)?;
            crowd.streams.push(stream);
            crowd.sessions.push(session);
        }
        Ok(crowd)
    }

    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Lets `driver` act once, and waits until every tab has a patch.
    pub(super) fn spread(&mut self, driver: &mut Tab) -> io::Result<Spread> {
        let mut seen = vec![false; self.streams.len()];
        let mut arrivals = Vec::with_capacity(self.streams.len());
        let mut ready = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        let began = Instant::now();
        driver.act()?;
        while arrivals.len() < self.streams.len() {
            self.poll.spin(Duration::from_millis(100), &mut ready)?;
            for at in &ready {
                let (socket, reader) = &mut self.streams[*at];
                let read = read_some(socket, &mut chunk)?;
                if reader.push(&chunk[..read])?.patches > 0 && !seen[*at] {
                    seen[*at] = true;
                    arrivals.push(began.elapsed());
                }
            }
            if began.elapsed() > PATIENCE {
                // If the action itself failed, this says why.
                driver.finish()?;
                let missing = self.streams.len() - arrivals.len();
                return Err(io::Error::other(format!("{missing} tabs saw no patch")));
            }
        }
        driver.finish()?;
        Ok(Spread { arrivals })
    }

    /// Cuts all streams and opens them again at once, while `others` act in a loop.
    pub(super) fn come_back(&mut self, others: &mut super::tab::ClosedLoop) -> io::Result<Return> {
        let server = self
            .sessions
            .first()
            .map(Session::server)
            .ok_or_else(|| io::Error::other("nobody is there"))?;
        self.streams.clear();
        self.poll = Poll::new()?;
        let requests: Vec<_> = self.sessions.iter().map(Session::stream_request).collect();
        let mut came_back = Return {
            arrivals: Vec::with_capacity(self.len()),
            actions: Vec::new(),
        };
        let began = Instant::now();
        for tab in &mut others.tabs {
            tab.act()?;
        }
        let mut returning = Vec::with_capacity(self.len());
        for (at, session) in self.sessions.iter().enumerate() {
            let socket = begin_to_connect(session.source, server)?;
            self.poll.write(&socket, at)?;
            returning.push(Returning {
                socket,
                reader: EventReader::default(),
                state: State::Connecting,
            });
            if at % 64 == 0 {
                others.glance(&mut came_back.actions)?;
            }
        }
        let mut ready = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        while came_back.arrivals.len() < self.sessions.len() {
            self.poll.wait(Duration::from_millis(1), &mut ready)?;
            for at in &ready {
                let one = &mut returning[*at];
                if one.step(&requests[*at], &self.poll, *at, &mut chunk)? {
                    came_back.arrivals.push(began.elapsed());
                }
            }
            others.glance(&mut came_back.actions)?;
            if began.elapsed() > PATIENCE {
                let missing = self.sessions.len() - came_back.arrivals.len();
                return Err(io::Error::other(format!(
                    "{missing} tabs did not come back"
                )));
            }
        }
        others.settle(&mut came_back.actions)?;
        self.streams = returning
            .into_iter()
            .map(|one| (one.socket, one.reader))
            .collect();
        Ok(came_back)
    }
}

/// A tab that is coming back.
#[derive(Debug)]
struct Returning {
    socket: TcpStream,
    reader: EventReader,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Connecting,
    Waiting,
    Live,
}

impl Returning {
    /// Continues as far as it can, and returns whether the stream has become live.
    fn step(
        &mut self,
        request: &[u8],
        poll: &Poll,
        at: usize,
        chunk: &mut [u8],
    ) -> io::Result<bool> {
        match self.state {
            State::Connecting => {
                if let Some(error) = self.socket.take_error()? {
                    return Err(error);
                }
                match self.socket.write(request) {
                    Ok(sent) if sent == request.len() => {}
                    Ok(_) => return Err(io::Error::other("a request did not fit")),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                    Err(error) => return Err(error),
                }
                poll.written(&self.socket, at)?;
                self.state = State::Waiting;
                Ok(false)
            }
            State::Waiting => {
                let read = read_some(&mut self.socket, chunk)?;
                let seen = self.reader.push(&chunk[..read])?;
                if seen.hellos > 0 {
                    self.state = State::Live;
                }
                Ok(seen.hellos > 0)
            }
            State::Live => {
                let read = read_some(&mut self.socket, chunk)?;
                self.reader.push(&chunk[..read])?;
                Ok(false)
            }
        }
    }
}
