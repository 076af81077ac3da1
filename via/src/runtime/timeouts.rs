//! After how long sessions end.

use std::{panic::Location, time::Duration};

const DAY: Duration = Duration::from_hours(24);

/// A browser counts the life of a cookie in whole seconds.
const SHORTEST: Duration = Duration::from_secs(1);

/// After how long without use, and after how long at all, a session ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) idle: Duration,
    pub(crate) absolute: Duration,
    /// Who set them, unless these are ours.
    location: Option<&'static Location<'static>>,
}

/// Timeouts with which sessions could not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WrongTimeouts {
    #[error(
        "the session timeouts at {location} end a session that nobody used for {idle:?}, which is no \
         time to use it; write at least a second, as in `App::session_timeouts(\
         Duration::from_hours(24), Duration::from_hours(24 * 30))`"
    )]
    Short {
        idle: Duration,
        location: &'static Location<'static>,
    },
    #[error(
        "the session timeouts at {location} end every session after {absolute:?}, before nobody can \
         have used it for {idle:?}; write the shorter time first, as in `App::session_timeouts(\
         Duration::from_hours(24), Duration::from_hours(24 * 30))`"
    )]
    IdleBeyondAbsolute {
        idle: Duration,
        absolute: Duration,
        location: &'static Location<'static>,
    },
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

    /// Refuses times that make no sense.
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
