//! A tab that acts: one action at a time; it waits for the patch before the next.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use http::HeaderValue;

use super::{
    acks::AckReader,
    events::EventReader,
    poll::Poll,
    session::Session,
    wire::{Line, PATIENCE},
};
use crate::client::{Action, bytes};

/// What the tabs of a measurement do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) path: &'static str,
    /// The name of the action.
    pub(super) action: &'static str,
    /// The page's only signal, if it has one.
    pub(super) signal: Option<(&'static str, i32)>,
}

impl Call {
    /// The action to send.
    pub(super) fn action(&self) -> Action {
        let action = Action::new(self.action);
        match self.signal {
            Some((name, value)) => action.signal(name, value),
            None => action,
        }
    }
}

/// The counter: a small page.
pub(super) const COUNTER: Call = Call {
    path: "/counter",
    action: "Counter::increment",
    signal: Some(("step", 1)),
};

/// The table: one cell of 5,000 changes.
pub(super) const TABLE: Call = Call {
    path: "/table",
    action: "Table::touch",
    signal: None,
};

/// The value of the whole application.
pub(super) const SHARED: Call = Call {
    path: "/app",
    action: "Shared::bump",
    signal: None,
};

/// A value of the whole application that is as large as a page.
pub(super) const WALL: Call = Call {
    path: "/wall",
    action: "Wall::paint",
    signal: None,
};

/// An acting tab with its two connections.
#[derive(Debug)]
pub(super) struct Tab {
    session: Session,
    line: TcpStream,
    stream: TcpStream,
    reader: EventReader,
    acks: AckReader,
    /// Its latest request.
    request: Vec<u8>,
    template: Template,
    number: u64,
    sent_at: Instant,
    answered: bool,
    patched: bool,
    pub(super) traffic: Traffic,
}

/// The bytes that travelled.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Traffic {
    pub(super) requests: u64,
    pub(super) answers: u64,
    /// The bytes on streams, and the bodies of answers.
    pub(super) patches: u64,
}

/// The request of an action: the head up to the length, the body up to the number, and the rest.
#[derive(Debug)]
struct Template {
    head: String,
    before: String,
    after: String,
}

impl Template {
    /// Requests that name a stream, so that the answer may contain the patch, or that name none.
    fn new(session: &Session, call: Call, stream: Option<&str>) -> io::Result<Self> {
        const NUMBER: u64 = u64::MAX;
        let mut request = session.tab.request(&call.action().number(NUMBER));
        request.headers_mut().remove("via-number");
        if let Some(stream) = stream {
            let stream = HeaderValue::try_from(stream).map_err(io::Error::other)?;
            request.headers_mut().insert("via-stream", stream);
        }
        let text = String::from_utf8(bytes(&request)).map_err(io::Error::other)?;
        let parts = text
            .split_once("content-length: ")
            .and_then(|(head, rest)| {
                let (_, body) = rest.split_once("\r\n\r\n")?;
                let (before, after) = body.split_once(&NUMBER.to_string())?;
                Some((head, before, after))
            });
        let (head, before, after) =
            parts.ok_or_else(|| io::Error::other(format!("a request without parts: {text}")))?;
        Ok(Self {
            head: format!("{head}content-length: "),
            before: before.to_owned(),
            after: after.to_owned(),
        })
    }

    /// Writes the request of action `number`.
    fn write(&self, number: u64, request: &mut Vec<u8>) -> io::Result<()> {
        let Self {
            head,
            before,
            after,
        } = self;
        let number = number.to_string();
        let length = before.len() + number.len() + after.len();
        request.clear();
        write!(request, "{head}{length}\r\n\r\n{before}{number}{after}")
    }
}

impl Tab {
    /// A new session whose page is attached and live. `at` distinguishes it from others.
    ///
    /// As the client of browsers does, it names its stream with each action, so that the answer may
    /// contain the patch.
    pub(super) fn open(line: &mut Line, call: Call, at: usize) -> io::Result<Self> {
        Self::of_session(Session::visit(line, call.path, at)?, call, true)
    }

    /// A session whose patches all come on its stream.
    pub(super) fn of_stream(line: &mut Line, call: Call, at: usize) -> io::Result<Self> {
        Self::of_session(Session::visit(line, call.path, at)?, call, false)
    }

    fn of_session(session: Session, call: Call, names_stream: bool) -> io::Result<Self> {
        let (stream, reader, id) = session.open_stream_with_id()?;
        let own = Line::open(session.server())?;
        own.socket.set_nonblocking(true)?;
        let id = id.filter(|_| names_stream);
        Ok(Self {
            template: Template::new(&session, call, id.as_deref())?,
            session,
            line: own.socket,
            stream,
            reader,
            acks: AckReader::default(),
            request: Vec::new(),
            number: 0,
            sent_at: Instant::now(),
            answered: true,
            patched: true,
            traffic: Traffic::default(),
        })
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// How many actions it has sent.
    pub(super) fn acted(&self) -> u64 {
        self.number
    }

    /// Watches its connections under the numbers `2 * at` and `2 * at + 1`.
    pub(super) fn register(&self, poll: &Poll, at: usize) -> io::Result<()> {
        poll.read(&self.line, 2 * at)?;
        poll.read(&self.stream, 2 * at + 1)
    }

    /// Sends the next action.
    pub(super) fn act(&mut self) -> io::Result<()> {
        self.number += 1;
        self.template.write(self.number, &mut self.request)?;
        let request = &self.request;
        self.traffic.requests += request.len() as u64;
        self.answered = false;
        self.patched = false;
        self.sent_at = Instant::now();
        // A request is smaller than the buffer of a socket with nothing else in flight.
        let sent = self.line.write(request)?;
        if sent == request.len() {
            Ok(())
        } else {
            Err(io::Error::other("a request did not fit into its socket"))
        }
    }

    /// Reads what has arrived on one of its connections. Returns how long the patch took, if this
    /// completes the action.
    pub(super) fn read(
        &mut self,
        of_stream: bool,
        chunk: &mut [u8],
    ) -> io::Result<Option<Duration>> {
        let (was_answered, was_patched) = (self.answered, self.patched);
        if of_stream {
            self.read_stream(chunk)?;
        } else {
            self.read_answer(chunk)?;
        }
        let waited = !(was_answered && was_patched);
        Ok((waited && self.answered && self.patched).then(|| self.sent_at.elapsed()))
    }

    /// Waits until the action in flight is complete.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let poll = Poll::new()?;
        self.register(&poll, 0)?;
        let mut poll = poll;
        let mut ready = Vec::new();
        let mut chunk = [0; 16 * 1024];
        let until = Instant::now() + PATIENCE;
        while !(self.answered && self.patched) {
            poll.wait(Duration::from_millis(100), &mut ready)?;
            for number in &ready {
                self.read(*number == 1, &mut chunk)?;
            }
            if Instant::now() > until {
                return Err(io::Error::other("an action was not finished in time"));
            }
        }
        Ok(())
    }

    fn read_stream(&mut self, chunk: &mut [u8]) -> io::Result<()> {
        let read = read_some(&mut self.stream, chunk)?;
        self.traffic.patches += read as u64;
        let seen = self.reader.push(&chunk[..read])?;
        if seen.byes > 0 {
            return Err(io::Error::other("the server said goodbye to a stream"));
        }
        self.patched |= seen.patches > 0;
        Ok(())
    }

    fn read_answer(&mut self, chunk: &mut [u8]) -> io::Result<()> {
        let read = read_some(&mut self.line, chunk)?;
        self.traffic.answers += read as u64;
        if let Some(ack) = self.acks.push(&chunk[..read], self.number)? {
            self.answered = true;
            // The answer may contain a patch.
            self.patched |= ack.seen.patches > 0;
            self.traffic.patches += ack.body;
        }
        Ok(())
    }
}

/// Reads once. It is not an error if there is nothing to read, but the end of the connection is.
pub(super) fn read_some(socket: &mut TcpStream, chunk: &mut [u8]) -> io::Result<usize> {
    match socket.read(chunk) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(read) => Ok(read),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        Err(error) => Err(error),
    }
}

/// Tabs that each act again as soon as their patch is there.
#[derive(Debug)]
pub(super) struct ClosedLoop {
    poll: Poll,
    pub(super) tabs: Vec<Tab>,
    ready: Vec<usize>,
    chunk: Vec<u8>,
    /// Whether it never sleeps.
    spins: bool,
}

impl ClosedLoop {
    pub(super) fn new(tabs: Vec<Tab>) -> io::Result<Self> {
        let poll = Poll::new()?;
        for (at, tab) in tabs.iter().enumerate() {
            tab.register(&poll, at)?;
        }
        Ok(Self {
            poll,
            tabs,
            ready: Vec::new(),
            chunk: vec![0; 256 * 1024],
            spins: false,
        })
    }

    /// Does not sleep while it acts. For a loop that has its core to itself.
    pub(super) fn spinning(self) -> Self {
        Self {
            spins: true,
            ..self
        }
    }

    /// Acts for `time`, then waits for actions in flight. Returns how long each action took.
    pub(super) fn run(&mut self, time: Duration) -> io::Result<Vec<Duration>> {
        let ends = Instant::now() + time;
        let mut took = Vec::new();
        for tab in &mut self.tabs {
            tab.act()?;
        }
        while Instant::now() < ends {
            self.turn(&mut took, &mut |_| Instant::now() < ends)?;
        }
        self.settle(&mut took)?;
        Ok(took)
    }

    /// Waits once for sockets, reads them, and lets each tab whose action is complete act again if
    /// `more` says so.
    pub(super) fn turn(
        &mut self,
        took: &mut Vec<Duration>,
        more: &mut dyn FnMut(usize) -> bool,
    ) -> io::Result<()> {
        self.wait(Duration::from_millis(100), took, more)
    }

    /// Reads what has arrived so far, without waiting.
    pub(super) fn glance(&mut self, took: &mut Vec<Duration>) -> io::Result<()> {
        self.wait(Duration::ZERO, took, &mut |_| true)
    }

    /// Waits for the actions in flight.
    pub(super) fn settle(&mut self, took: &mut Vec<Duration>) -> io::Result<()> {
        let until = Instant::now() + PATIENCE;
        while self.unfinished() > 0 {
            self.turn(took, &mut |_| false)?;
            if Instant::now() > until {
                return Err(io::Error::other("an action was not finished in time"));
            }
        }
        Ok(())
    }

    fn wait(
        &mut self,
        patience: Duration,
        took: &mut Vec<Duration>,
        more: &mut dyn FnMut(usize) -> bool,
    ) -> io::Result<()> {
        if self.spins {
            self.poll.spin(patience, &mut self.ready)?;
        } else {
            self.poll.wait(patience, &mut self.ready)?;
        }
        for number in &self.ready {
            let at = number / 2;
            let tab = &mut self.tabs[at];
            if let Some(time) = tab.read(number % 2 == 1, &mut self.chunk)? {
                took.push(time);
                if more(at) {
                    tab.act()?;
                }
            }
        }
        Ok(())
    }

    /// How many tabs wait for an answer or a patch.
    pub(super) fn unfinished(&self) -> usize {
        self.tabs
            .iter()
            .filter(|tab| !(tab.answered && tab.patched))
            .count()
    }

    /// The bytes of all tabs together.
    pub(super) fn traffic(&self) -> Traffic {
        let mut all = Traffic::default();
        for tab in &self.tabs {
            all.requests += tab.traffic.requests;
            all.answers += tab.traffic.answers;
            all.patches += tab.traffic.patches;
        }
        all
    }
}
