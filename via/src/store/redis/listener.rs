//! Receives the announcements of all instances on a separate connection.
//!
//! Redis keeps no announcements for an instance that is not subscribed. So each time the listener
//! subscribes, also after a broken connection, it sends `Lagged` to all subscribers.

use std::{sync::Arc, time::Duration};

use redis::{PushInfo, PushKind, Value, aio::MultiplexedConnection};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use super::{
    commands::{CommandConnection, dial, inspect},
    echo::Echoes,
    record,
};
use crate::{
    log_text::LogText,
    store::{Notice, OpenError, notices::Notices},
};

/// How often to check that the server answers and can still keep documents.
const HEARTBEAT: Duration = Duration::from_secs(3);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct NoticeListener {
    commands: Arc<CommandConnection>,
    notices: Arc<Notices>,
    echoes: Arc<Echoes>,
    connection: MultiplexedConnection,
    broke: Arc<Notify>,
}

impl NoticeListener {
    /// Connects and subscribes.
    pub(super) async fn open(
        commands: Arc<CommandConnection>,
        notices: Arc<Notices>,
        echoes: Arc<Echoes>,
    ) -> Result<Self, OpenError> {
        let (connection, broke) = listen(&commands, &notices, &echoes).await?;
        Ok(Self {
            commands,
            notices,
            echoes,
            connection,
            broke,
        })
    }

    /// Receives announcements until the task is aborted.
    pub(super) async fn run(mut self) {
        loop {
            self.listen_while_it_is_good().await;
            let mut pause = FIRST_PAUSE;
            loop {
                match listen(&self.commands, &self.notices, &self.echoes).await {
                    Ok((connection, broke)) => {
                        (self.connection, self.broke) = (connection, broke);
                        break;
                    }
                    Err(error) => {
                        tracing::debug!(error = %LogText(&error), "cannot subscribe to notices in Redis, trying again");
                        sleep(pause).await;
                        pause = LONGEST_PAUSE.min(pause * 2);
                    }
                }
            }
        }
    }

    async fn listen_while_it_is_good(&mut self) {
        loop {
            tokio::select! {
                () = self.broke.notified() => return,
                () = sleep(HEARTBEAT) => {}
            }
            match inspect(&mut self.connection, &self.commands.address).await {
                Ok(level) => self.commands.set_level(level),
                Err(OpenError::Unreachable { .. }) => return,
                Err(error) => {
                    // This server must not get commits until it passes the check again.
                    tracing::error!(error = %LogText(&error), "refusing commits until this Redis can be used again");
                    self.commands.give_up();
                    return;
                }
            }
        }
    }
}

/// Opens a connection and subscribes there.
async fn listen(
    commands: &CommandConnection,
    notices: &Arc<Notices>,
    echoes: &Arc<Echoes>,
) -> Result<(MultiplexedConnection, Arc<Notify>), OpenError> {
    let address = &commands.address;
    let broke = Arc::new(Notify::new());
    let mut connection = dial(address, {
        let (notices, echoes, broke) = (notices.clone(), echoes.clone(), broke.clone());
        move |push| hear(&push, &notices, &echoes, &broke)
    })
    .await?;
    let level = inspect(&mut connection, address).await?;
    match timeout(address.deadline, connection.subscribe(address.channel())).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) if error.code().is_some() => {
            return Err(address.refused(format!(
                "its user may not subscribe to `{}` ({error}); grant the rights that the \
                 documentation of `RedisStore` lists",
                address.channel()
            )));
        }
        Ok(Err(error)) => return Err(address.unreachable(error)),
        Err(_) => return Err(address.unreachable("it did not answer in time")),
    }
    commands.set_level(level);
    // From here on all announcements arrive. `Lagged` covers the earlier ones.
    echoes.forget();
    notices.announce(Notice::Lagged);
    Ok((connection, broke))
}

fn hear(push: &PushInfo, notices: &Notices, echoes: &Echoes, broke: &Notify) {
    match (&push.kind, push.data.last()) {
        (PushKind::Message, Some(Value::BulkString(announcement))) => {
            let Some((token, announcement)) = record::token(announcement) else {
                notices.announce(Notice::Lagged);
                return;
            };
            if echoes.is_news(token) && notices.has_listeners() {
                for notice in record::notices(announcement) {
                    notices.announce(notice);
                }
            }
        }
        (PushKind::Message, _) => notices.announce(Notice::Lagged),
        (PushKind::Disconnection, _) => broke.notify_one(),
        _ => {}
    }
}
