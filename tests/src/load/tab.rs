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
    wire::{Line, PATIENCE, parse},
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
    pub(super) fn body(&self, token: &str, number: u64) -> String {
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

/// An acting tab with its two connections.
#[derive(Debug)]
pub(super) struct Tab {
    session: Session,
    call: Call,
    line: TcpStream,
    stream: TcpStream,
    reader: EventReader,
    answer: Vec<u8>,
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
    pub(super) stream: u64,
}

impl Tab {
    /// A new session whose page is attached and live. `at` tells it from others.
    pub(super) fn open(line: &mut Line, call: Call, at: usize) -> io::Result<Self> {
        let session = Session::visit(line, call.path, at)?;
        let (stream, reader) = session.open_stream()?;
        let own = Line::open(session.server)?;
        own.socket.set_nonblocking(true)?;
        Ok(Self {
            session,
            call,
            line: own.socket,
            stream,
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
        let body = self.call.body(&self.session.token, self.number);
        let request = self.session.post(self.call.path, "action", &body);
        self.traffic.requests += request.len() as u64;
        self.answered = false;
        self.patched = false;
        self.sent_at = Instant::now();
        // A request is smaller than the buffer of a socket on which nothing else is under way.
        let sent = self.line.write(&request)?;
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
        self.traffic.stream += read as u64;
        let seen = self.reader.push(&chunk[..read]);
        if seen.byes > 0 {
            return Err(io::Error::other("the server said goodbye to a stream"));
        }
        self.patched |= seen.patches > 0;
        Ok(())
    }

    fn read_answer(&mut self, chunk: &mut [u8]) -> io::Result<()> {
        let read = read_some(&mut self.line, chunk)?;
        self.answer.extend_from_slice(&chunk[..read]);
        let Some(answer) = parse(&self.answer)? else {
            return Ok(());
        };
        self.answer.drain(..answer.len);
        self.traffic.answers += answer.len as u64;
        let number = self.number.to_string();
        if answer.header("via-ack") != Some(&number) {
            return Err(io::Error::other(format!(
                "action {number} was answered {}: {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            )));
        }
        answer.ok()?;
        self.answered = true;
        Ok(())
    }
}

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
        })
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
        self.poll.wait(patience, &mut self.ready)?;
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
            all.stream += tab.traffic.stream;
        }
        all
    }
}
