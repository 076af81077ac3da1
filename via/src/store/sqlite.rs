//! A store in one SQLite file.

use std::{
    fmt::{self, Debug},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        mpsc::{self, SyncSender, TrySendError},
    },
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

use self::{
    call::{Job, Operation, QueuedCall},
    connection::DatabaseFile,
    operations::{CommitAll, DeleteAll, LoadAll, OwnedBy, Revisions, SweepSome, Touch},
    writer::{Message, Writer},
};
use super::{
    Commit, CommitOutcome, Durability, Key, Loaded, OpenError, Store, StoreError, StoreFuture,
    Subscription, Timestamp, Version, notices::Notices,
};

mod call;
mod connection;
mod failure;
mod operations;
mod reader;
mod table;
#[cfg(test)]
mod tests;
mod writer;

/// How many calls may wait for the writer; as many more may wait for the readers.
const QUEUE: usize = 16 * 1024;
/// How many threads read. With two of them, a long read does not block short ones.
const READERS: usize = 2;
/// How many rows a sweep looks at before other calls get their turn.
const SWEEP_CHUNK: usize = 256;
/// How long dropping a store waits for its threads.
const DROP_PATIENCE: Duration = Duration::from_secs(2);

/// Keeps documents in one SQLite file, which all processes of one machine may share.
///
/// One thread writes. It runs all waiting commits in one SQLite transaction, and answers them when
/// that transaction is on the disk. So a commit waits for one flush of the disk, and concurrent
/// commits share the flush. Other threads read at the same time.
///
/// Put the file on a local disk, because SQLite cannot share a file over a network. Two more files,
/// with the endings `-wal` and `-shm`, belong to it while it is in use and after a crash.
///
/// # What happens in a failure
///
/// - **The process is killed.** All acknowledged commits are there, and none of them twice.
///   Tested by: `tests/stores/sqlite_killed.rs`.
/// - **The disk is full.** The store refuses a commit with [`StoreError::Full`], and the commit did
///   not happen. If SQLite runs out of room at the very end of a commit, the outcome is
///   [`CommitOutcome::Unknown`]. Reads still work. When there is room again, commits work too.
///   Tested by: `tests/stores/sqlite_full_disk.rs`.
/// - **A write fails.** The store gives up the connection. The next commit opens and checks the
///   file again.
///   Tested by: `tests/stores/sqlite_write_errors.rs`.
/// - **A byte changes on the disk.** Each row has a hash of its content. A document that differs
///   from what was committed is [`StoreError::Damaged`], and all others still work. If a structure
///   of SQLite is damaged, or the key or version of a row, [`open`](Self::open) refuses the file
///   with [`OpenError::Damaged`].
///   Tested by: `tests/stores/sqlite_damaged.rs`.
/// - **A byte of the log changes, or its end is missing.** All documents are as they were after some
///   earlier commit. The store cannot tell this log from one whose end was never flushed.
///
/// # SQLite itself
///
/// It is compiled into the program, in version 3.51.3 or newer, because an older one can damage a file
/// with several writers. If your build links an older SQLite instead, opening a store fails with
/// [`OpenError::OldSqlite`]. A program has only one SQLite. Cargo finds a version that suits both `via`
/// and `sqlx` 0.9, `sea-orm` 2 or `diesel` 2.3.
///
/// Tested by: `tests/workspace/neighbours.rs`.
///
/// # Example: a restart keeps what was committed
///
/// ```
/// # use via::store::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let path = std::env::temp_dir().join(format!("via-doc-{}.db", std::process::id()));
/// let key = Key::new("greeting").unwrap();
/// let now = Timestamp::from_millis(0);
/// let put = Put { bytes: "hello".into(), expiry: Expiry::NEVER, owner: None };
/// let write = Write { key: key.clone(), expect: Expect::Absent, change: Change::Put(put) };
///
/// let store = SqliteStore::open(&path)?;
/// assert_eq!(store.durability(), Durability::PowerLoss);
/// store.commit(Commit { id: CommitId(1), now, writes: vec![write] }).await?;
/// store.close().await?;
///
/// let store = SqliteStore::open(&path)?;
/// let Loaded::Found(found) = &store.load(&[key], now).await?[0] else { panic!() };
/// assert_eq!(found.bytes, "hello");
/// # store.close().await?;
/// # std::fs::remove_file(path)?;
/// # Ok(())
/// # }
/// ```
pub struct SqliteStore {
    path: PathBuf,
    durability: Durability,
    notices: Arc<Notices>,
    /// `None` after the store was closed. The threads end after they have done all queued calls.
    queues: RwLock<Option<Queues>>,
}

/// When SQLite flushes a commit to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Before the store acknowledges it. The commit survives a power failure.
    #[default]
    Full,
    /// At some later time. The commit survives a crash of the process, but a power failure may roll
    /// back the last commits. This is faster if commits follow one another.
    Normal,
}

struct Queues {
    writes: SyncSender<Message>,
    reads: SyncSender<Box<dyn Job>>,
    ended: Ended,
}

/// Reports when the threads have finished.
struct Ended {
    /// For a caller that can wait: the result.
    answer: oneshot::Receiver<Result<(), StoreError>>,
    /// For a caller that must not wait long: it is disconnected at the end.
    alive: Mutex<mpsc::Receiver<()>>,
}

impl SqliteStore {
    /// Opens the file at `path`, or creates it. Commits survive a power failure.
    ///
    /// This reads the whole file once to check it.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the file or its directory cannot be used. An existing file is not changed.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, Synchronous::default())
    }

    /// Like [`open`](Self::open), with a choice of durability.
    ///
    /// # Errors
    ///
    /// Like [`open`](Self::open).
    pub fn open_with(path: impl AsRef<Path>, synchronous: Synchronous) -> Result<Self, OpenError> {
        let file = DatabaseFile::new(path.as_ref(), synchronous)?;
        let connection = file.open_writer()?;
        let durability = connection::durability(&connection).map_err(|e| file.sqlite(e))?;
        let notices = Arc::new(Notices::new());
        let thread_failed = |error: std::io::Error| {
            file.refused("the system did not start a thread", Some(error.into()))
        };

        let (reads, read_queue) = mpsc::sync_channel(QUEUE);
        let read_queue = Arc::new(Mutex::new(read_queue));
        let mut readers = Vec::new();
        for _ in 0..READERS {
            let connection = file.open_reader().map_err(|e| file.sqlite(e))?;
            let (file, queue) = (file.clone(), read_queue.clone());
            let reader = thread::Builder::new()
                .name("via-sqlite-read".to_owned())
                .spawn(move || reader::run(&file, connection, &queue));
            readers.push(reader.map_err(thread_failed)?);
        }

        let (writes, queue) = mpsc::sync_channel(QUEUE);
        let (answer, ended) = oneshot::channel();
        let (on_end, alive) = mpsc::sync_channel::<()>(0);
        let worker = Writer::new(file.clone(), connection, queue, notices.clone());
        thread::Builder::new()
            .name("via-sqlite-write".to_owned())
            .spawn(move || {
                let _on_end = on_end;
                let _ = answer.send(worker.run(readers));
            })
            .map_err(thread_failed)?;

        Ok(Self {
            path: file.path().to_owned(),
            durability,
            notices,
            queues: RwLock::new(Some(Queues {
                writes,
                reads,
                ended: Ended {
                    answer: ended,
                    alive: Mutex::new(alive),
                },
            })),
        })
    }

    async fn write<O: Operation>(&self, operation: O) -> Result<O::Output, StoreError> {
        let (job, answer) = QueuedCall::new(operation);
        self.enqueue(|queues| send(&queues.writes, Message::Job(job)))?;
        answer
            .await
            .unwrap_or_else(|_| O::in_doubt().ok_or_else(thread_gone))
    }

    async fn read<O: Operation>(&self, operation: O) -> Result<O::Output, StoreError> {
        let (job, answer) = QueuedCall::new(operation);
        self.enqueue(|queues| send(&queues.reads, job))?;
        answer.await.unwrap_or_else(|_| Err(thread_gone()))
    }

    fn enqueue(
        &self,
        send: impl FnOnce(&Queues) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        send(queues.as_ref().ok_or(StoreError::Closed)?)
    }

    /// Makes the threads end after they have done all queued calls.
    fn hang_up(&self) -> Option<Ended> {
        let mut queues = self.queues.write().unwrap_or_else(PoisonError::into_inner);
        queues.take().map(|queues| queues.ended)
    }
}

impl Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if let Some(ended) = self.hang_up() {
            let alive = ended.alive.into_inner();
            let alive = alive.unwrap_or_else(PoisonError::into_inner);
            // Always an error: either the threads have ended, or the time is up.
            let _ = alive.recv_timeout(DROP_PATIENCE);
        }
    }
}

impl Store for SqliteStore {
    fn durability(&self) -> Durability {
        self.durability
    }

    fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>> {
        let keys = keys.to_vec();
        Box::pin(self.read(LoadAll { keys, now }))
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        Box::pin(async move {
            commit.check_sizes()?;
            self.write(CommitAll(commit)).await
        })
    }

    fn touch<'a>(
        &'a self,
        key: &'a Key,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, bool> {
        let key = key.clone();
        Box::pin(self.write(Touch {
            key,
            idle_until,
            now,
        }))
    }

    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize> {
        let keys = keys.to_vec();
        Box::pin(async move {
            let operation = DeleteAll {
                keys,
                tombstone_until,
                now,
            };
            Ok(self.write(operation).await?.len())
        })
    }

    fn sweep(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        Box::pin(async move {
            let mut removed = 0;
            loop {
                let operation = SweepSome {
                    now,
                    limit: limit - removed,
                    chunk: SWEEP_CHUNK,
                };
                let swept = self.write(operation).await?;
                removed += swept.removed;
                if swept.finished {
                    return Ok(removed);
                }
            }
        })
    }

    fn revisions<'a>(
        &'a self,
        keys: &'a [Key],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Option<Version>>> {
        let keys = keys.to_vec();
        Box::pin(self.read(Revisions { keys, now }))
    }

    fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>> {
        let owner = owner.into();
        Box::pin(self.read(OwnedBy { owner, now }))
    }

    fn subscribe(&self) -> Subscription {
        let subscription = self.notices.subscribe();
        // Without subscribers the writer sleeps without a timer. Wake it, because from now on it
        // has to look for commits of other processes. An error needs no handling: if the queue is
        // full the writer is awake, and a closed store sends no notices.
        let _ = self.enqueue(|queues| send(&queues.writes, Message::Wake));
        subscription
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let ended = self.hang_up().ok_or(StoreError::Closed)?;
            ended.answer.await.unwrap_or_else(|_| Err(thread_gone()))
        })
    }
}

fn send<T>(queue: &SyncSender<T>, message: T) -> Result<(), StoreError> {
    queue.try_send(message).map_err(|error| match error {
        TrySendError::Full(_) => StoreError::Unavailable("too many calls wait for the file".into()),
        TrySendError::Disconnected(_) => thread_gone(),
    })
}

fn thread_gone() -> StoreError {
    StoreError::Unavailable("the thread that serves the file has ended".into())
}
