//! The scopes of fields, and [`Home`]: where a field of each scope is kept.

use std::time::Duration;

use super::{FieldDescriptor, Segment, equal};

/// What a field is, from its attribute.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// `#[state]`
    State(StateScope),
    /// `#[signal]`
    Signal(SignalScope),
    /// `#[param]`
    Param,
}

/// Who shares a state field.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateScope {
    /// `#[state]`: all tabs of the session.
    Session,
    /// `#[state(tab)]`: one tab.
    Tab,
    /// `#[state(app)]`: all sessions.
    App,
    /// `#[state(shared = "room/{room}")]`: all tabs that open the same key.
    Shared {
        /// For how many seconds after its last use a value is kept; for ever if `None`.
        ttl: Option<u64>,
    },
}

/// Who shares a signal.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalScope {
    /// `#[signal]`: all tabs of the session, after a commit.
    Session,
    /// `#[signal(tab)]`: one tab.
    Tab,
    /// `#[signal(local)]`: never leaves the browser.
    Local,
}

/// Where the value of a field is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// In the document of the session, once for all its tabs.
    Session,
    /// In the document of the session, once for each tab.
    Tab,
    /// In a document of its own, once for the application.
    App,
    /// In a document of its own, once for each key.
    Shared {
        /// For how long after its last use a value is kept; for ever if `None`.
        ttl: Option<Duration>,
    },
}

impl Home {
    /// Whether the value has a document of its own, which several sessions share.
    pub(crate) fn is_shared(self) -> bool {
        match self {
            Self::Session | Self::Tab => false,
            Self::App | Self::Shared { .. } => true,
        }
    }

    /// For how long after its last use a value is kept, if it ends by itself before its session.
    pub(crate) fn ttl(self) -> Option<Duration> {
        match self {
            Self::Session | Self::Tab | Self::App => None,
            Self::Shared { ttl } => ttl,
        }
    }

    /// Its name in the description of what an app stores.
    #[cfg(feature = "testing")]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Tab => "tab",
            Self::App => "app",
            Self::Shared { .. } => "shared",
        }
    }
}

impl FieldDescriptor {
    /// Where the value of the field is kept; `None` for what is not stored: a path parameter, or a
    /// signal that stays in the browser.
    pub(crate) const fn home(&self) -> Option<Home> {
        match self.kind {
            FieldKind::State(StateScope::Session) | FieldKind::Signal(SignalScope::Session) => {
                Some(Home::Session)
            }
            FieldKind::State(StateScope::Tab) | FieldKind::Signal(SignalScope::Tab) => {
                Some(Home::Tab)
            }
            FieldKind::State(StateScope::App) => Some(Home::App),
            FieldKind::State(StateScope::Shared { ttl: None }) => Some(Home::Shared { ttl: None }),
            FieldKind::State(StateScope::Shared { ttl: Some(ttl) }) => Some(Home::Shared {
                ttl: Some(Duration::from_secs(ttl)),
            }),
            FieldKind::Signal(SignalScope::Local) | FieldKind::Param => None,
        }
    }

    /// Whether the value has a document of its own, which several sessions share.
    pub(crate) fn is_shared(&self) -> bool {
        self.home().is_some_and(Home::is_shared)
    }

    /// Whether both fields can be kept under the same key.
    pub(crate) const fn can_share_a_key(&self, other: &Self) -> bool {
        match (self.home(), other.home()) {
            (Some(Home::Session), Some(Home::Session))
            | (Some(Home::Tab), Some(Home::Tab))
            | (Some(Home::App), Some(Home::App)) => equal(self.key, other.key),
            (Some(Home::Shared { .. }), Some(Home::Shared { .. })) => {
                Segment::can_be_equal(self.segments, other.segments)
            }
            _ => false,
        }
    }
}
