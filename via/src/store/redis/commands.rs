//! The connection that all calls of a store share.
//!
//! It sends each call without waiting for earlier answers, so a caller waits only for its own round
//! trip. If the connection breaks, or the server does not answer in time, the next call opens a new
//! connection. No call is ever sent twice.

use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Cmd, Pipeline, PushInfo, PushKind, Value,
    aio::{ConnectionLike, MultiplexedConnection},
};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    address::Address,
    failure::{RedisFailure, is_demoted, refusal},
    scripts::Code,
    server,
};
use crate::{
    log_text::LogText,
    store::{Durability, OpenError, StoreError},
};

/// How long to wait after a failed connection before the next attempt.
const PAUSE: Duration = Duration::from_millis(50);
/// How many calls wait in memory before further callers have to wait.
const QUEUE: usize = 1024;

#[derive(Debug)]
pub(super) struct CommandConnection {
    pub(super) address: Address,
    /// The level at the last check of the server.
    level: Mutex<Durability>,
    link: RwLock<Option<Link>>,
    /// When and why the last attempt failed. Held while a connection is opened.
    failed: tokio::sync::Mutex<Option<(Instant, Arc<OpenError>)>>,
}

/// A connection, and whether it can still be used.
#[derive(Clone, Debug)]
struct Link {
    connection: MultiplexedConnection,
    is_good: Arc<AtomicBool>,
}

impl Link {
    fn give_up(&self) {
        self.is_good.store(false, Ordering::Release);
    }
}

impl CommandConnection {
    pub(super) async fn open(address: Address) -> Result<Self, OpenError> {
        let (link, level) = connect(&address).await?;
        Ok(Self {
            address,
            level: Mutex::new(level),
            link: RwLock::new(Some(link)),
            failed: tokio::sync::Mutex::new(None),
        })
    }

    pub(super) fn level(&self) -> Durability {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_level(&self, level: Durability) {
        let mut declared = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        if *declared != level {
            tracing::warn!(
                endpoint = %LogText(&self.address.endpoint),
                "the durability of this Redis is now {level:?} instead of {:?}", *declared
            );
            *declared = level;
        }
    }

    /// Gives up the connection, so that the next call checks the server again.
    pub(super) fn give_up(&self) {
        if let Some(link) = self.good_link() {
            link.give_up();
        }
    }

    /// Closes the connection after all calls that use it are done.
    pub(super) fn close(&self) {
        *self.link.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Calls a script by its hash, or with its text if the server does not know the hash.
    pub(super) async fn run(&self, code: &Code, call: &Cmd) -> Result<Value, RedisFailure> {
        let deadline = Instant::now() + self.address.deadline;
        let link = self.link(deadline).await?;
        match within(
            deadline,
            &link,
            link.connection.clone().req_packed_command(call),
        )
        .await?
        {
            // The script has not run.
            Value::ServerError(error) if error.code() == "NOSCRIPT" => {
                let whole = code.call_whole(call);
                let answer = link.connection.clone();
                let answer = within(deadline, &link, async move {
                    let mut connection = answer;
                    connection.req_packed_command(&whole).await
                });
                checked(&link, answer.await?)
            }
            answer => checked(&link, answer),
        }
    }

    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, RedisFailure> {
        let deadline = Instant::now() + self.address.deadline;
        let link = self.link(deadline).await?;
        let mut connection = link.connection.clone();
        let answer = within(deadline, &link, connection.req_packed_command(command)).await?;
        checked(&link, answer)
    }

    pub(super) async fn ask_all(&self, commands: &Pipeline) -> Result<Vec<Value>, RedisFailure> {
        let deadline = Instant::now() + self.address.deadline;
        let link = self.link(deadline).await?;
        let mut connection = link.connection.clone();
        within(deadline, &link, commands.query_async(&mut connection)).await
    }

    fn good_link(&self) -> Option<Link> {
        let link = self.link.read().unwrap_or_else(PoisonError::into_inner);
        let link = link.as_ref();
        link.filter(|link| link.is_good.load(Ordering::Acquire))
            .cloned()
    }

    async fn link(&self, deadline: Instant) -> Result<Link, RedisFailure> {
        if let Some(link) = self.good_link() {
            return Ok(link);
        }
        match timeout_at(deadline, self.connect_again()).await {
            Ok(Ok(link)) => Ok(link),
            Ok(Err(error)) => Err(RedisFailure::Refused(StoreError::Unavailable(Box::new(
                error,
            )))),
            Err(_) => {
                let error = self.address.unreachable("it did not answer in time");
                Err(RedisFailure::Refused(StoreError::Unavailable(Box::new(
                    error,
                ))))
            }
        }
    }

    /// Opens a connection. One caller does so for all.
    async fn connect_again(&self) -> Result<Link, Arc<OpenError>> {
        let asked = Instant::now();
        let mut failed = self.failed.lock().await;
        if let Some(link) = self.good_link() {
            return Ok(link);
        }
        if let Some((at, error)) = &*failed
            && (*at >= asked || at.elapsed() < PAUSE)
        {
            return Err(error.clone());
        }
        match connect(&self.address).await {
            Ok((link, level)) => {
                *failed = None;
                self.set_level(level);
                *self.link.write().unwrap_or_else(PoisonError::into_inner) = Some(link.clone());
                Ok(link)
            }
            Err(error) => {
                let error = Arc::new(error);
                *failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }
}

/// Opens a connection and checks the server.
async fn connect(address: &Address) -> Result<(Link, Durability), OpenError> {
    let is_good = Arc::new(AtomicBool::new(true));
    let seen = is_good.clone();
    let mut connection = dial(address, move |push| {
        if push.kind == PushKind::Disconnection {
            seen.store(false, Ordering::Release);
        }
    })
    .await?;
    let level = inspect(&mut connection, address).await?;
    let link = Link {
        connection,
        is_good,
    };
    Ok((link, level))
}

/// Opens a connection that passes each message to `push` that is not the answer to a call.
pub(super) async fn dial(
    address: &Address,
    push: impl Fn(PushInfo) + Send + Sync + 'static,
) -> Result<MultiplexedConnection, OpenError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(address.deadline))
        // Each call has a deadline of its own.
        .set_response_timeout(None)
        .set_pipeline_buffer_size(QUEUE)
        .set_push_sender(move |info| {
            push(info);
            Ok::<(), redis::aio::SendError>(())
        });
    let client = &address.client;
    let connection = client.get_multiplexed_async_connection_with_config(&config);
    match timeout(address.deadline, connection).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) if error.is_io_error() => Err(address.unreachable(error)),
        Ok(Err(error)) => Err(address.refused(error.to_string())),
        Err(_) => Err(address.unreachable("it did not answer in time")),
    }
}

/// Like [`server::inspect`], with the deadline.
pub(super) async fn inspect(
    connection: &mut MultiplexedConnection,
    address: &Address,
) -> Result<Durability, OpenError> {
    timeout(address.deadline, server::inspect(connection, address))
        .await
        .unwrap_or_else(|_| Err(address.unreachable("it did not answer in time")))
}

/// Waits for an answer. If none comes in time, gives up the connection.
async fn within<T>(
    deadline: Instant,
    link: &Link,
    answer: impl Future<Output = redis::RedisResult<T>>,
) -> Result<T, RedisFailure> {
    match timeout_at(deadline, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        // The error came from the server, so the connection works.
        Ok(Err(error)) if error.code().is_some() => Err(RedisFailure::in_doubt(error)),
        Ok(Err(error)) => {
            link.give_up();
            Err(RedisFailure::in_doubt(error))
        }
        Err(_) => {
            link.give_up();
            Err(RedisFailure::in_doubt("Redis did not answer in time"))
        }
    }
}

fn checked(link: &Link, answer: Value) -> Result<Value, RedisFailure> {
    match answer {
        Value::ServerError(error) => {
            if is_demoted(&error) {
                link.give_up();
            }
            Err(refusal(&error))
        }
        answer => Ok(answer),
    }
}
