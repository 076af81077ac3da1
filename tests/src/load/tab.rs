//! A tab that acts: one action at a time, each awaited until its patch is there.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use super::{
    events::EventReader,
    poll::Poll,
    session::Session,
    wire::{Line, PATIENCE, end_of_head, parse},
};

/// What the tabs of a measurement call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) path: &'static str,
    /// The name of the action.
    pub(super) action: &'static str,
    /// The page's signals, as JSON.
    pub(super) signals: &'static str,
}

impl Call {
    /// The body of the request.
    pub(super) fn body(&self, token: &str, number: &str) -> String {
        let Self {
            action, signals, ..
        } = self;
        format!(
            "{{\"token\":\"{token}\",\"number\":{number},\"action\":\"{action}\",\"args\":[],\"signals\":{signals},\"dirty\":[]}}"
        )
    }
}

/// The counter: a small page.
pub(super) const COUNTER: Call = Call {
    path: "/counter",
    action: "Counter::increment",
    signals: "{\"step\":1}",
};

/// The table: one cell of 5,000 changes.
pub(super) const TABLE: Call = Call {
    path: "/table",
    action: "Table::touch",
    signals: "{}",
};

/// The value of the whole application.
pub(super) const SHARED: Call = Call {
    path: "/app",
    action: "Shared::bump",
    signals: "{}",
};

/// A value of the whole application that fills a page.
pub(super) const WALL: Call = Call {
    path: "/wall",
    action: "Wall::paint",
    signals: "{}",
};

/// An acting tab with its two connections.
#[derive(Debug)]
pub(super) struct Tab {
    session: Session,
    line: TcpStream,
    stream: TcpStream,
    stream_id: Option<String>,
    reader: EventReader,
    answer: Vec<u8>,
    /// The parts of its requests: the head up to the length, the body up to the number, and the
    /// rest.
    head: String,
    before: String,
    after: String,
    request: Vec<u8>,
    number: u64,
    sent_at: Instant,
    answered: bool,
    patched: bool,
    pub(super) traffic: Traffic,
}

/// What travelled, in bytes.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Traffic {
    pub(super) requests: u64,
    pub(super) answers: u64,
    /// What there was on streams, and the bodies of answers.
    pub(super) patches: u64,
}

impl Tab {
    /// A new session whose page is attached and live. `at` tells it from others.
    ///
    /// As the client of browsers does, it names its stream with each action, so that the answer may
    /// carry the patch.
    pub(super) fn open(line: &mut Line, call: Call, at: usize) -> io::Result<Self> {
        let mut tab = Self::of_stream(line, call, at)?;
        if let Some(id) = &tab.stream_id {
            let named = format!("via-stream: {id}\r\n{LENGTH}");
            tab.head = tab.head.replace(LENGTH, &named);
        }
        Ok(tab)
    }

    /// One whose patches all come on its stream.
    pub(super) fn of_stream(line: &mut Line, call: Call, at: usize) -> io::Result<Self> {
        let session = Session::visit(line, call.path, at)?;
        let (stream, reader, stream_id) = session.open_stream_with_id()?;
        let own = Line::open(session.server)?;
        own.socket.set_nonblocking(true)?;
        let head = session.post_head(call.path, "action");
        let body = call.body(&session.token, "\0");
        let (before, after) = body
            .split_once('\0')
            .ok_or_else(|| io::Error::other("a body without a number"))?;
        Ok(Self {
            head,
            before: before.to_owned(),
            after: after.to_owned(),
            request: Vec::new(),
            session,
            line: own.socket,
            stream,
            stream_id,
            reader,
            answer: Vec::new(),
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

    /// How many actions it sent.
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
        let number = self.number.to_string();
        let (before, after) = (&self.before, &self.after);
        let length = before.len() + number.len() + after.len();
        self.request.clear();
        write!(
            self.request,
            "{}{length}\r\n\r\n{before}{number}{after}",
            self.head
        )?;
        let request = &self.request;
        self.traffic.requests += request.len() as u64;
        self.answered = false;
        self.patched = false;
        self.sent_at = Instant::now();
        // A request is smaller than the buffer of a socket on which nothing else is under way.
        let sent = self.line.write(request)?;
        if sent == request.len() {
            Ok(())
        } else {
            Err(io::Error::other("a request did not fit into its socket"))
        }
    }

    /// Reads what there is on one of its connections. Returns how long the patch took, if this is
    /// what completes the action.
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

    /// Waits until the action that is under way is complete.
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
        let seen = self.reader.push(&chunk[..read]);
        if seen.byes > 0 {
            return Err(io::Error::other("the server said goodbye to a stream"));
        }
        self.patched |= seen.patches > 0;
        Ok(())
    }

    /// The length of the answer, if it has arrived in full. The usual one is looked at only where
    /// it has to be.
    fn acknowledged(&mut self) -> io::Result<Option<usize>> {
        if !self.answer.starts_with(NO_CONTENT) {
            let Some(answer) = parse(&self.answer)? else {
                return Ok(None);
            };
            let answer = answer.ok()?;
            // A patch may travel in the answer.
            self.patched |= find(&answer.body, b"datastar-patch-elements").is_some();
            self.traffic.patches += answer.body.len() as u64;
            return Ok(Some(answer.len));
        }
        let Some(end) = end_of_head(&self.answer) else {
            return Ok(None);
        };
        let number = find(&self.answer[..end], ACK)
            .and_then(|at| {
                self.answer[at + ACK.len()..]
                    .split(|byte| *byte == b'\r')
                    .next()
            })
            .and_then(|number| std::str::from_utf8(number).ok())
            .and_then(|number| number.parse().ok());
        if number != Some(self.number) {
            return Err(io::Error::other(format!(
                "the answer to action {} speaks of {number:?}",
                self.number
            )));
        }
        Ok(Some(end))
    }

    fn read_answer(&mut self, chunk: &mut [u8]) -> io::Result<()> {
        let read = read_some(&mut self.line, chunk)?;
        self.answer.extend_from_slice(&chunk[..read]);
        let Some(length) = self.acknowledged()? else {
            return Ok(());
        };
        self.answer.drain(..length);
        self.traffic.answers += length as u64;
        self.answered = true;
        Ok(())
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// What the head of a request ends with, before the length of its body.
const LENGTH: &str = "content-length: ";
/// What begins an answer without a body.
const NO_CONTENT: &[u8] = b"HTTP/1.1 204";
/// What stands before the number that an answer is about.
const ACK: &[u8] = b"\r\nvia-ack: ";

/// Reads once; a socket that has nothing is no error, one that ended is.
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

    /// Has its core to itself, and does not sleep while it acts.
    pub(super) fn spinning(self) -> Self {
        Self {
            spins: true,
            ..self
        }
    }

    /// Acts for `time`, then waits for what is under way. Returns how long each action took.
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

    /// Reads what has arrived by now, without waiting.
    pub(super) fn glance(&mut self, took: &mut Vec<Duration>) -> io::Result<()> {
        self.wait(Duration::ZERO, took, &mut |_| true)
    }

    /// Waits for what is under way.
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

    /// What travelled for all tabs together.
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
