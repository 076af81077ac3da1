//! When sessions end by themselves.

use std::{panic::Location, time::Duration};

use crate::error::Error;

const DAY: Duration = Duration::from_hours(24);

/// A browser counts the life of a cookie in whole seconds.
const SHORTEST: Duration = Duration::from_secs(1);

/// A session ends after this time without use, and after this time in any case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) idle: Duration,
    pub(crate) absolute: Duration,
    /// Where the author set them; nothing for the defaults.
    location: Option<&'static Location<'static>>,
}

/// Timeouts that cannot work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WrongTimeouts {
    #[error(
        "the session timeouts at {location} have an idle timeout of {idle:?}, which is too short; \
         write at least one second, as in `App::session_timeouts(\
         Duration::from_hours(24), Duration::from_hours(24 * 30))`"
    )]
    Short {
        idle: Duration,
        location: &'static Location<'static>,
    },
    #[error(
        "the session timeouts at {location} end every session after {absolute:?}, so the idle \
         timeout of {idle:?} can never apply; write the shorter time first, as in `App::session_timeouts(\
         Duration::from_hours(24), Duration::from_hours(24 * 30))`"
    )]
    IdleBeyondAbsolute {
        idle: Duration,
        absolute: Duration,
        location: &'static Location<'static>,
    },
}

impl From<WrongTimeouts> for Error {
    fn from(error: WrongTimeouts) -> Self {
        Self::config(error)
    }
}

impl Timeouts {
    pub(crate) fn new(
        idle: Duration,
        absolute: Duration,
        location: &'static Location<'static>,
    ) -> Self {
        Self {
            idle,
            absolute,
            location: Some(location),
        }
    }

    /// Refuses timeouts that cannot work.
    pub(crate) fn check(&self) -> Result<(), WrongTimeouts> {
        let Self {
            idle,
            absolute,
            location: Some(location),
        } = *self
        else {
            return Ok(());
        };
        if idle < SHORTEST {
            Err(WrongTimeouts::Short { idle, location })
        } else if idle > absolute {
            Err(WrongTimeouts::IdleBeyondAbsolute {
                idle,
                absolute,
                location,
            })
        } else {
            Ok(())
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            idle: 14 * DAY,
            absolute: 90 * DAY,
            location: None,
        }
    }
}
