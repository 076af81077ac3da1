//! [`Mail`]: a message to one tab, which waits for the tab's stream.

use tokio::time::Instant;

use super::{SessionState, TaskAuthority};
use crate::{command::Command, limits, state::TabId};

/// A message to one tab. It is delivered once, and only while its sender's user is logged in.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(super) tab: TabId,
    command: Command,
    authority: TaskAuthority,
    sent: Instant,
}

impl Mail {
    pub(crate) fn new(tab: TabId, command: Command, authority: TaskAuthority) -> Self {
        Self {
            tab,
            command,
            authority,
            sent: Instant::now(),
        }
    }

    /// Whether it has waited for too long.
    pub(super) fn is_old(&self) -> bool {
        self.sent.elapsed() >= limits::MAIL
    }

    /// The message, if its reader is the user for whom it was sent, and it is not too old.
    pub(super) fn open(self, session: &SessionState) -> Option<Command> {
        (!self.is_old() && self.authority.holds(session)).then_some(self.command)
    }
}
