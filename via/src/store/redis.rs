//! A store in Redis.

use std::{
    fmt::{self, Debug},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use redis::{Cmd, Value};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use self::{
    address::Address,
    commands::CommandConnection,
    echo::Echoes,
    failure::RedisFailure,
    listener::NoticeListener,
    record::{HEAD, Record, ordered, version_bytes},
    scripts::Scripts,
};
use super::{
    Change, Commit, CommitOutcome, Durability, Expect, Key, Loaded, OpenError, Store, StoreError,
    StoreFuture, Subscription, Timestamp, Version, Write, compare::Occupancy, notices::Notices,
};
use crate::log_text::LogText;

mod address;
mod commands;
mod echo;
mod failure;
#[cfg(feature = "fuzzing")]
pub(crate) mod law;
mod listener;
mod record;
mod scripts;
mod server;

/// How many documents one call of a script looks at before other calls get their turn.
const CHUNK: usize = 256;
/// How many versions one request asks for.
const VERSIONS: usize = 512;

/// Keeps documents in Redis or Valkey, for servers on several machines.
///
/// Each operation is one script, which Redis runs atomically: it compares, writes and publishes, or
/// does nothing. All calls share one connection and do not wait for each other. A second connection
/// receives the notices of other servers. Redis deletes nothing by itself: no key has a time to
/// live. [`Store::sweep`] removes what has expired by the clock of the app servers.
///
/// The guide to production, `via/docs/production.md`, lists the settings and what the store promises
/// with each of them.
///
/// # URL
///
/// `redis://user:password@host:port/database`, or `rediss://` with TLS. Only the host is required.
/// Percent signs in user and password are decoded. Options may follow after a question mark,
/// separated by `&`:
///
/// - `prefix=app:`: the beginning of the names of all keys and channels of this store, instead of
///   `via:`. Two apps on one server need two prefixes, or two databases.
///   Tested by: `tests/stores/redis_refusals.rs`: `prefixes_and_databases_keep_stores_apart`.
/// - `appendfsync=always`, `everysec` or `no`: the setting of the server, if its user must not read
///   the configuration. If the store can read it, both values must agree.
/// - `deadline=2000`: how many milliseconds a call may take.
/// - `ca=/path/authority.pem`: the certificate authority to trust with TLS, instead of those of the
///   system.
///
/// # Which servers the store refuses
///
/// The store reads the configuration of the server in [`open`](Self::open), on each new connection,
/// and every three seconds. It refuses a server that would lose documents: one that evicts keys, a
/// replica, a node of a Redis Cluster, a Sentinel, a version before 7.0. The message names the
/// server, its setting, and what to write instead. If a server becomes like this while it is in use,
/// it gets no more commits until its configuration is right again.
///
/// Tested by: `tests/stores/redis_refusals.rs`, in particular
/// `a_server_that_changes_its_ways_gets_no_more_commits`.
///
/// # Durability
///
/// The store reads it from the live configuration:
///
/// | configuration | [`durability`](Store::durability) |
/// |---|---|
/// | `appendonly yes`, `appendfsync always` | [`PowerLoss`](Durability::PowerLoss) |
/// | `appendonly yes`, `appendfsync everysec` | [`BoundedLoss`](Durability::BoundedLoss) of 2 s |
/// | `appendonly yes`, `appendfsync no`, or `no-appendfsync-on-rewrite yes` | [`ProcessCrash`](Durability::ProcessCrash) |
/// | `appendonly no` | [`Volatile`](Durability::Volatile): documents end with the process of Redis |
/// | a connected replica | [`MayRollBack`](Durability::MayRollBack) |
///
/// Tested by: `the_declared_level_follows_the_configuration`,
/// `a_primary_with_a_replica_may_roll_back_and_the_replica_is_refused`.
///
/// # What happens in a failure
///
/// - **The connection breaks.** The outcome of a running commit is [`CommitOutcome::Unknown`]. The
///   store never sends that commit again, and the next call opens a new connection. Subscribers
///   receive [`Lagged`](super::Notice::Lagged) as soon as notices arrive again.
///   Tested by: `tests/stores/redis_lost.rs`:
///   `calls_go_on_after_their_connection_was_killed_or_scripts_were_forgotten`,
///   `a_subscription_whose_connection_was_killed_says_lagged_and_goes_on`.
/// - **Redis is unreachable.** The store refuses each call at once with
///   [`StoreError::Unavailable`], until Redis is back.
///   Tested by: `a_store_that_is_away_says_so_at_once_and_comes_back_by_itself`.
/// - **Redis does not answer.** A call ends at its deadline, after two seconds.
///   Tested by: `a_silent_server_hangs_nobody`.
/// - **Redis is killed.** With `appendfsync always` every acknowledged commit is there exactly once.
///   Tested by: `a_server_that_flushes_always_loses_nothing_when_it_is_killed_a_hundred_times`.
/// - **Redis has no memory left.** The store refuses a commit that puts a document with
///   [`StoreError::Full`]. Reads, touches, deletions and sweeps still work, so a user can log out.
///   Tested by: `tests/stores/redis_store.rs`, section `full`.
///
/// # Rights
///
/// If the server has an access list, the user of a store needs `~via:*`, `&via:*`, `+@connection`,
/// `+info`, `+config|get`, `+eval`, `+evalsha`, `+get`, `+set`, `+mget`, `+getrange`, `+setrange`,
/// `+unlink`, `+zadd`, `+zrem`, `+zrangebyscore`, `+sadd`, `+srem`, `+smembers`, `+publish` and
/// `+subscribe`.
///
/// Tested by: `a_user_with_the_documented_rights_can_do_everything`.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use via::store::RedisStore;
///
/// // No server listens on this port, so your program would end here with this message.
/// let refused = RedisStore::open("redis://app:secret@127.0.0.1:1/0?prefix=shop:").await;
/// let sentence = refused.unwrap_err().to_string();
/// assert!(sentence.starts_with("cannot reach the Redis server at `127.0.0.1:1`: "));
/// # }
/// ```
pub struct RedisStore {
    commands: Arc<CommandConnection>,
    notices: Arc<Notices>,
    echoes: Arc<Echoes>,
    scripts: Scripts,
    channel: String,
    is_closed: AtomicBool,
    /// The calls that are running.
    calls: TaskTracker,
    listener: AbortOnDropHandle<()>,
}

impl RedisStore {
    /// Connects to the Redis server that `url` names, and checks that it can keep documents.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the URL is wrong, or if the server cannot be reached or used.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        // If the program has already chosen a provider of cryptography, this changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let address = Address::parse(url)?;
        let channel = address.channel();
        let commands = Arc::new(CommandConnection::open(address).await?);
        let notices = Arc::new(Notices::new());
        let echoes = Arc::new(Echoes::new());
        let listener =
            NoticeListener::open(commands.clone(), notices.clone(), echoes.clone()).await?;
        Ok(Self {
            commands,
            notices,
            echoes,
            scripts: Scripts::new(),
            channel,
            is_closed: AtomicBool::new(false),
            calls: TaskTracker::new(),
            listener: AbortOnDropHandle::new(tokio::spawn(listener.run())),
        })
    }

    /// Runs a call, unless the store is closed. Closing the store waits for the call.
    async fn call<T, E: From<StoreError>>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let _running = self.calls.token();
        if self.is_closed.load(Ordering::SeqCst) {
            return Err(StoreError::Closed.into());
        }
        call.await
    }

    fn name(&self, key: &Key) -> String {
        format!("{}d:{key}", self.commands.address.prefix)
    }

    fn named(&self, command: &mut Cmd, keys: &[Key]) {
        for key in keys {
            command.arg(self.name(key));
        }
    }

    async fn do_commit(&self, commit: Commit) -> Result<CommitOutcome, StoreError> {
        let now = commit.now;
        let versions = commit.versions_after();
        let needs_room = commit
            .writes
            .iter()
            .any(|write| matches!(write.change, Change::Put(_)));
        let code = if needs_room {
            &self.scripts.commit
        } else {
            &self.scripts.release
        };
        let mut call = code.call(commit.writes.len());
        for write in &commit.writes {
            call.arg(self.name(&write.key));
        }
        call.arg(&self.commands.address.prefix)
            .arg(&ordered(now)[..])
            .arg(&self.channel);
        let echo = self.echoes.begin();
        let mut announcement = echo.token.0.to_vec();
        for (write, &version) in commit.writes.iter().zip(&versions) {
            match write.expect {
                Expect::Absent => call.arg(""),
                Expect::At(expected) => call.arg(&version_bytes(expected)[..]),
            };
            let (record, deadline) = match &write.change {
                Change::Keep => {
                    call.arg("").arg(HEAD).arg("");
                    continue;
                }
                Change::Put(put) => {
                    record::announce(&mut announcement, &write.key, Some(version));
                    (Record::document(version, put), put.expiry.deadline())
                }
                Change::Delete { tombstone_until } => {
                    record::announce(&mut announcement, &write.key, None);
                    (
                        Record::tombstone(version, *tombstone_until),
                        *tombstone_until,
                    )
                }
            };
            call.arg(record.bytes).arg(record.head).arg(score(deadline));
        }
        call.arg(announcement);
        match self.commands.run(code, &call).await {
            Ok(Value::Int(1)) => {
                let is_announced = |write: &Write| !matches!(write.change, Change::Keep);
                if commit.writes.iter().any(is_announced) {
                    echo.done(|| self.notices.announce_commit(&commit, &versions));
                }
                Ok(CommitOutcome::Committed(versions))
            }
            Ok(Value::Int(0)) => Ok(CommitOutcome::Gone),
            Ok(Value::Array(records)) => {
                let loaded = records.into_iter().map(|record| read(record, now));
                Ok(CommitOutcome::Conflict(loaded.collect::<Result<_, _>>()?))
            }
            Ok(_) => Ok(CommitOutcome::Unknown),
            Err(RedisFailure::InDoubt(error)) => {
                tracing::debug!(error = %LogText(&error), "the outcome of a commit is unknown");
                Ok(CommitOutcome::Unknown)
            }
            Err(RedisFailure::Refused(error)) => Err(error),
        }
    }

    async fn do_delete(
        &self,
        keys: &[Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let code = &self.scripts.delete;
        let echo = self.echoes.begin();
        let mut call = code.call(keys.len());
        self.named(&mut call, keys);
        call.arg(&self.commands.address.prefix)
            .arg(&ordered(now)[..])
            .arg(&ordered(tombstone_until)[..])
            .arg(score(tombstone_until))
            .arg(&self.channel)
            .arg(&echo.token.0[..]);
        for key in keys {
            let mut announcement = Vec::new();
            record::announce(&mut announcement, key, None);
            call.arg(announcement);
        }
        let Value::Array(indices) = self.commands.run(code, &call).await? else {
            return Err(unexpected());
        };
        let mut deleted = Vec::with_capacity(indices.len());
        for index in indices {
            let Value::Int(index) = index else {
                return Err(unexpected());
            };
            // Lua counts from one.
            let index = usize::try_from(index - 1).ok();
            deleted.push(
                index
                    .and_then(|index| keys.get(index))
                    .ok_or_else(unexpected)?,
            );
        }
        if !deleted.is_empty() {
            echo.done(|| self.notices.announce_deleted(deleted.iter().copied()));
        }
        Ok(deleted.len())
    }

    async fn do_sweep(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let code = &self.scripts.sweep;
        let mut removed = 0;
        loop {
            let mut call = code.call(0);
            call.arg(&self.commands.address.prefix)
                .arg(&ordered(now)[..])
                .arg(now.as_millis())
                .arg((limit - removed).min(CHUNK))
                .arg(CHUNK);
            let Value::Array(answer) = self.commands.run(code, &call).await? else {
                return Err(unexpected());
            };
            let [Value::Int(swept), Value::Int(finished)] = answer[..] else {
                return Err(unexpected());
            };
            let swept = usize::try_from(swept).map_err(|_| unexpected())?;
            removed += swept;
            if removed >= limit || (finished == 1 && swept < CHUNK) {
                return Ok(removed);
            }
        }
    }

    async fn do_revisions(
        &self,
        keys: &[Key],
        now: Timestamp,
    ) -> Result<Vec<Option<Version>>, StoreError> {
        let mut versions = Vec::with_capacity(keys.len());
        for keys in keys.chunks(VERSIONS) {
            let mut commands = redis::pipe();
            for key in keys {
                let name = self.name(key);
                commands.cmd("GETRANGE").arg(name).arg(0).arg(HEAD - 1);
            }
            for head in self.commands.ask_all(&commands).await? {
                let Value::BulkString(head) = head else {
                    return Err(unexpected());
                };
                versions.push(match record::occupancy(&head, now)? {
                    Occupancy::At(version) => Some(version),
                    Occupancy::Absent | Occupancy::Deleted => None,
                });
            }
        }
        Ok(versions)
    }
}

impl Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("address", &self.commands.address)
            .field("durability", &self.commands.level())
            .finish_non_exhaustive()
    }
}

impl Store for RedisStore {
    fn durability(&self) -> Durability {
        self.commands.level()
    }

    fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>> {
        Box::pin(self.call(async move {
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let mut command = redis::cmd("MGET");
            self.named(&mut command, keys);
            match self.commands.ask(&command).await? {
                Value::Array(records) => records
                    .into_iter()
                    .map(|record| read(record, now))
                    .collect(),
                _ => Err(unexpected()),
            }
        }))
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        Box::pin(self.call(async move {
            commit.check_sizes()?;
            self.do_commit(commit).await
        }))
    }

    fn touch<'a>(
        &'a self,
        key: &'a Key,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, bool> {
        Box::pin(self.call(async move {
            let code = &self.scripts.touch;
            let mut call = code.call(1);
            call.arg(self.name(key))
                .arg(&ordered(now)[..])
                .arg(&ordered(idle_until)[..]);
            match self.commands.run(code, &call).await? {
                Value::Int(is_there) => Ok(is_there == 1),
                _ => Err(unexpected()),
            }
        }))
    }

    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize> {
        Box::pin(self.call(async move {
            let mut deleted = 0;
            for keys in keys.chunks(CHUNK) {
                deleted += self.do_delete(keys, tombstone_until, now).await?;
            }
            Ok(deleted)
        }))
    }

    fn sweep(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        Box::pin(self.call(self.do_sweep(now, limit)))
    }

    fn revisions<'a>(
        &'a self,
        keys: &'a [Key],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Option<Version>>> {
        Box::pin(self.call(self.do_revisions(keys, now)))
    }

    fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>> {
        Box::pin(self.call(async move {
            let code = &self.scripts.owned_by;
            let mut call = code.call(0);
            call.arg(&self.commands.address.prefix)
                .arg(&ordered(now)[..])
                .arg(owner);
            let Value::Array(names) = self.commands.run(code, &call).await? else {
                return Err(unexpected());
            };
            let key = |name| match name {
                Value::BulkString(name) => record::key(&name),
                _ => Err(unexpected()),
            };
            names.into_iter().map(key).collect()
        }))
    }

    fn subscribe(&self) -> Subscription {
        self.notices.subscribe()
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            if self.is_closed.swap(true, Ordering::SeqCst) {
                return Err(StoreError::Closed);
            }
            // This wait ends, because each call has a deadline.
            self.calls.close();
            self.calls.wait().await;
            self.listener.abort();
            self.commands.close();
            self.notices.close();
            Ok(())
        })
    }
}

/// A deadline as a score of a sorted set; empty if it never comes.
fn score(deadline: Timestamp) -> String {
    if deadline == Timestamp::NEVER {
        String::new()
    } else {
        deadline.as_millis().to_string()
    }
}

/// A record in an answer.
fn read(record: Value, now: Timestamp) -> Result<Loaded, StoreError> {
    match record {
        Value::Nil => Ok(Loaded::Absent),
        Value::BulkString(record) => record::loaded(Some(record), now),
        _ => Err(unexpected()),
    }
}

fn unexpected() -> StoreError {
    StoreError::Damaged("Redis sent an answer of an unexpected type".into())
}
