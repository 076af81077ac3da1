//! The thread that writes.

use std::{
    collections::VecDeque,
    mem,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{
    call::Job,
    connection::{self, DatabaseFile},
    failure::{Setback, SqliteFailure, is_certain, is_passing},
    table::DocumentTable,
};
use crate::{
    log_text::LogText,
    store::{Notice, StoreError, notices::Notices},
};

/// How often to look whether another process has changed the file.
const POLL: Duration = Duration::from_millis(50);
/// How many calls share one transaction.
const MAX_BATCH: usize = 1024;
/// How many bytes share one transaction.
const MAX_WEIGHT: usize = 16 * 1024 * 1024;
/// The longest wait for callers that were just answered and may send their next call at once.
const MAX_PAUSE: Duration = Duration::from_millis(1);

pub(super) enum Message {
    Job(Box<dyn Job>),
    /// There is a new subscriber.
    Wake,
}

pub(super) struct Writer {
    file: DatabaseFile,
    /// `None` after an error that leaves the state of the connection unclear.
    connection: Option<Connection>,
    queue: Receiver<Message>,
    /// Taken from the queue, but not yet part of a transaction.
    waiting: VecDeque<Box<dyn Job>>,
    /// How many jobs may share the next transaction if the callers that were just answered send
    /// their next call, and until when to wait for them.
    expected: (usize, Instant),
    notices: Arc<Notices>,
    /// Changes when another connection has committed.
    data_version: Option<i64>,
    polled: Instant,
}

impl Writer {
    pub(super) fn new(
        file: DatabaseFile,
        connection: Connection,
        queue: Receiver<Message>,
        notices: Arc<Notices>,
    ) -> Self {
        Self {
            file,
            data_version: connection::data_version(&connection).ok(),
            connection: Some(connection),
            queue,
            waiting: VecDeque::new(),
            expected: (0, Instant::now()),
            notices,
            polled: Instant::now(),
        }
    }

    /// Writes until all senders are gone, then closes the file.
    pub(super) fn run(mut self, readers: Vec<JoinHandle<()>>) -> Result<(), StoreError> {
        while let Some(first) = self.next() {
            let jobs = self.gather(first);
            self.serve(jobs);
            if self.polled.elapsed() >= POLL {
                self.poll();
            }
        }
        self.notices.close();
        for reader in readers {
            // A reader that panicked has closed its connection too.
            let _ = reader.join();
        }
        match self.connection.take() {
            Some(connection) => connection::close(connection)
                .map_err(|error| StoreError::from(SqliteFailure::from(error))),
            None => Ok(()),
        }
    }

    /// Waits for work. If there are subscribers, it also looks for commits of other processes.
    fn next(&mut self) -> Option<Box<dyn Job>> {
        if let Some(job) = self.waiting.pop_front() {
            return Some(job);
        }
        loop {
            let message = if self.notices.has_listeners() {
                let patience = POLL.saturating_sub(self.polled.elapsed());
                match self.queue.recv_timeout(patience) {
                    Ok(message) => message,
                    Err(RecvTimeoutError::Timeout) => {
                        self.poll();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => return None,
                }
            } else {
                self.queue.recv().ok()?
            };
            if let Message::Job(job) = message {
                return Some(job);
            }
        }
    }

    /// Takes the waiting jobs, up to a bound.
    ///
    /// If many callers commit in a loop, those of the last transaction send their next call while
    /// this one begins. Without a short wait they would miss it. Then there would be two groups of
    /// callers that take turns, instead of one.
    fn gather(&mut self, first: Box<dyn Job>) -> Vec<Box<dyn Job>> {
        let (expected, until) = self.expected;
        let mut weight = first.weight();
        let mut jobs = vec![first];
        while jobs.len() < MAX_BATCH && weight < MAX_WEIGHT {
            let job = self.waiting.pop_front().or_else(|| {
                let message = self.queue.try_recv().ok().or_else(|| {
                    let patience = until.checked_duration_since(Instant::now())?;
                    (jobs.len() < expected).then(|| self.queue.recv_timeout(patience).ok())?
                });
                match message? {
                    Message::Job(job) => Some(job),
                    Message::Wake => None,
                }
            });
            let Some(job) = job else { break };
            weight += job.weight();
            jobs.push(job);
        }
        // A caller that gave up may have concluded that the call did not happen, so drop the call.
        jobs.retain(|job| !job.is_abandoned());
        jobs
    }

    /// Runs all jobs in one transaction and answers them.
    fn serve(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        if jobs.is_empty() {
            return;
        }
        let begun = Instant::now();
        match self.transact(&mut jobs) {
            Ok(()) => {
                self.expect_again(jobs.len(), begun.elapsed());
                for job in &jobs {
                    job.announce(&self.notices);
                }
                for job in jobs {
                    job.answer(Ok(()));
                }
            }
            // There may be room for some of them.
            Err(Setback {
                failure: SqliteFailure::Full,
                in_doubt: false,
            }) if jobs.len() > 1 => {
                for job in jobs {
                    self.serve(vec![job]);
                }
            }
            Err(mut setback) => {
                if setback.in_doubt && self.rule_out().is_ok() {
                    setback.in_doubt = false;
                }
                tracing::warn!(
                    store = %LogText(self.file.path().display()),
                    failure = %LogText(StoreError::from(setback.failure.clone())),
                    in_doubt = setback.in_doubt,
                    calls = jobs.len(),
                    "a transaction of the store failed",
                );
                for job in jobs {
                    job.answer(Err(&setback));
                }
            }
        }
    }

    /// Notes how many jobs may share the next transaction: those that wait already, and those of
    /// the callers that are about to be answered.
    fn expect_again(&mut self, answered: usize, took: Duration) {
        let jobs = self.queue.try_iter().filter_map(|message| match message {
            Message::Job(job) => Some(job),
            Message::Wake => None,
        });
        let room = MAX_BATCH.saturating_sub(self.waiting.len());
        self.waiting.extend(jobs.take(room));
        let pause = (took / 4).min(MAX_PAUSE);
        self.expected = (self.waiting.len() + answered, Instant::now() + pause);
    }

    fn transact(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), Setback> {
        let connection = self.take_connection()?;
        let table = DocumentTable::new(&connection);
        let begun = execute(&connection, "BEGIN IMMEDIATE");
        let run = begun.and_then(|()| jobs.iter_mut().try_for_each(|job| job.run(&table)));
        if let Err(error) = run {
            self.keep_after(&error, connection);
            return Err(Setback::certain(error));
        }
        if let Err(error) = execute(&connection, "COMMIT") {
            self.keep_after(&error, connection);
            return Err(Setback {
                in_doubt: !is_certain(&error),
                failure: error.into(),
            });
        }
        self.connection = Some(connection);
        Ok(())
    }

    /// Overwrites what a failed transaction may have left in the log, so that no recovery can find
    /// it. After that the transaction certainly did not happen.
    fn rule_out(&mut self) -> Result<(), Setback> {
        let connection = self.take_connection()?;
        if let Err(error) = connection::rewrite_format(&connection) {
            self.keep_after(&error, connection);
            return Err(Setback::certain(error));
        }
        self.connection = Some(connection);
        Ok(())
    }

    /// The connection, or a new one if an error left the state of the old one unclear.
    fn take_connection(&mut self) -> Result<Connection, Setback> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => self.file.open_writer().map_err(Setback::certain),
        }
    }

    /// Keeps a connection whose transaction failed, if it can still be used.
    fn keep_after(&mut self, error: &rusqlite::Error, connection: Connection) {
        if is_passing(error) && roll_back(&connection).is_ok() {
            self.connection = Some(connection);
        }
    }

    fn poll(&mut self) {
        self.polled = Instant::now();
        if !self.notices.has_listeners() {
            return;
        }
        let now = self
            .connection
            .as_ref()
            .and_then(|connection| connection::data_version(connection).ok());
        // A read that fails, or a new connection, may also announce `Lagged`, which is only a hint.
        if mem::replace(&mut self.data_version, now) != now {
            self.notices.announce(Notice::Lagged);
        }
    }
}

fn roll_back(connection: &Connection) -> rusqlite::Result<()> {
    // After some errors SQLite has already rolled back.
    if connection.is_autocommit() {
        return Ok(());
    }
    execute(connection, "ROLLBACK")
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
