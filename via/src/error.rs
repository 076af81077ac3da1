//! [`Error`]: what can stop an app from starting or serving.

mod effect;

use std::{error::Error as StdError, fmt, net::SocketAddr};

pub use self::effect::EffectError;
use crate::store::{OpenError, StoreError};

/// The result of starting or serving an app.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an app could not start or go on.
///
/// The type is opaque, so that new reasons break no program: ask it with the `is_` methods. Its
/// `Debug` output is its text and the texts of its causes, so returning it from `main` prints
/// sentences.
pub struct Error(Box<Reason>);

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error(transparent)]
    Open(OpenError),
    #[error(transparent)]
    Store(StoreError),
    #[error("cannot listen on the given address")]
    Listen(#[source] std::io::Error),
    #[error(
        "refusing to serve plain HTTP on {0}, because session cookies would travel in the clear; \
         say how browsers reach the app, as in `App::origin(\"https://app.example.com\")`"
    )]
    PlainHttp(SocketAddr),
    #[error(transparent)]
    Config(Box<dyn StdError + Send + Sync>),
    #[error(transparent)]
    Effect(EffectError),
}

impl Error {
    pub(crate) fn listen(source: std::io::Error) -> Self {
        Self(Box::new(Reason::Listen(source)))
    }

    pub(crate) fn plain_http(address: SocketAddr) -> Self {
        Self(Box::new(Reason::PlainHttp(address)))
    }

    /// A mistake in the configuration, which its own text explains.
    pub(crate) fn config(error: impl StdError + Send + Sync + 'static) -> Self {
        Self(Box::new(Reason::Config(Box::new(error))))
    }

    /// Whether the store could not be opened or used.
    #[must_use]
    pub fn is_store(&self) -> bool {
        matches!(*self.0, Reason::Open(_) | Reason::Store(_))
    }

    /// Whether you have to change the configuration before the app can start.
    #[must_use]
    pub fn is_config(&self) -> bool {
        matches!(*self.0, Reason::PlainHttp(_) | Reason::Config(_))
    }

    /// Whether its text is for users.
    pub(crate) fn is_effect(&self) -> bool {
        matches!(*self.0, Reason::Effect(_))
    }

    /// Whether the network is the reason, for example because the address is in use.
    #[must_use]
    pub fn is_io(&self) -> bool {
        matches!(*self.0, Reason::Listen(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        Self(Box::new(Reason::Open(error)))
    }
}

impl From<EffectError> for Error {
    fn from(error: EffectError) -> Self {
        Self(Box::new(Reason::Effect(error)))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self(Box::new(Reason::Store(error)))
    }
}
