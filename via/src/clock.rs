//! The present time, as a value that a test can set.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::sync::watch;

/// For how long to sleep at most without a look at the system's clock, which can be set.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// See [`Clock::moved_to`].
pub(crate) type Moved = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A moment, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Later than any moment.
    pub const NEVER: Self = Self(i64::MAX);

    /// A moment from milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

/// Tells the time to everything that expires: the system's clock, or one that a test sets.
///
/// # Example: a clock that stands still until it is moved
///
/// ```
/// use std::time::Duration;
/// use via::{Clock, store::Timestamp};
///
/// let clock = Clock::manual(Timestamp::from_millis(1_000));
/// assert_eq!(clock.now().as_millis(), 1_000);
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(clock.now().as_millis(), 2_000);
/// ```
#[derive(Clone)]
pub struct Clock(TimeSource);

#[derive(Clone)]
enum TimeSource {
    System,
    Manual(Arc<watch::Sender<i64>>),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(TimeSource::System)
    }

    /// A clock that stands at `start` until [`advance`](Self::advance) moves it. Its clones move
    /// with it.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(TimeSource::Manual(Arc::new(watch::Sender::new(
            start.as_millis(),
        ))))
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(match &self.0 {
            TimeSource::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, millis),
            TimeSource::Manual(now) => *now.borrow(),
        })
    }

    /// Moves a manual clock forward.
    ///
    /// # Panics
    ///
    /// Panics if this is the system's clock.
    pub fn advance(&self, by: Duration) {
        match &self.0 {
            TimeSource::System => panic!("only a manual clock can be moved"),
            TimeSource::Manual(now) => {
                now.send_modify(|now| *now = now.saturating_add(millis(by)));
            }
        }
    }

    /// Ready when a manual clock is moved to `moment`; nothing for the system's clock, which moves
    /// by itself.
    pub(crate) fn moved_to(&self, moment: Timestamp) -> Option<Moved> {
        match &self.0 {
            TimeSource::System => None,
            TimeSource::Manual(_) => {
                let clock = self.clone();
                Some(Box::pin(async move { clock.sleep_until(moment).await }))
            }
        }
    }

    /// Waits until it is `moment`.
    pub(crate) async fn sleep_until(&self, moment: Timestamp) {
        match &self.0 {
            TimeSource::System => loop {
                let left = moment.as_millis().saturating_sub(self.now().as_millis());
                let Some(left) = u64::try_from(left).ok().filter(|left| *left > 0) else {
                    return;
                };
                tokio::time::sleep(Duration::from_millis(left).min(LONGEST_SLEEP)).await;
            },
            TimeSource::Manual(now) => {
                // The sender is borrowed here, so it is not gone.
                let _ = now
                    .subscribe()
                    .wait_for(|now| *now >= moment.as_millis())
                    .await;
            }
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            TimeSource::System => f.write_str("Clock::system()"),
            TimeSource::Manual(now) => write!(f, "Clock::manual({})", *now.borrow()),
        }
    }
}

/// Adds a duration to a moment; a sum beyond all moments is [`Timestamp::NEVER`].
pub(crate) fn after(moment: Timestamp, duration: Duration) -> Timestamp {
    Timestamp::from_millis(moment.as_millis().saturating_add(millis(duration)))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
