//! [`Error`]: what can stop an app from starting or serving.

use std::{error::Error as StdError, fmt, net::SocketAddr};

use crate::{
    runtime::WrongTimeouts,
    session::WeakSecret,
    store::{OpenError, StoreError},
};

/// The result of starting or serving an app.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an app could not start or go on.
///
/// One opaque type, so that it can learn new reasons without breaking anybody; ask it with the
/// `is_` methods. Its `Debug` output is its text and that of its causes, so that returning it from
/// `main` prints sentences.
pub struct Error(Box<Kind>);

#[derive(Debug, thiserror::Error)]
enum Kind {
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
    Timeouts(WrongTimeouts),
    #[error(transparent)]
    Secret(WeakSecret),
    #[error(
        "the shared key of this app is made of its secret and not kept in the store; put a new \
         secret before the old one, as in `VIA_SECRET=new,old`"
    )]
    KeyNotInStore,
}

impl Error {
    pub(crate) fn listen(source: std::io::Error) -> Self {
        Self(Box::new(Kind::Listen(source)))
    }

    pub(crate) fn plain_http(address: SocketAddr) -> Self {
        Self(Box::new(Kind::PlainHttp(address)))
    }

    pub(crate) fn timeouts(wrong: WrongTimeouts) -> Self {
        Self(Box::new(Kind::Timeouts(wrong)))
    }

    pub(crate) fn secret(weak: WeakSecret) -> Self {
        Self(Box::new(Kind::Secret(weak)))
    }

    pub(crate) fn key_not_in_store() -> Self {
        Self(Box::new(Kind::KeyNotInStore))
    }

    /// Whether the store could not be opened or used.
    #[must_use]
    pub fn is_store(&self) -> bool {
        matches!(*self.0, Kind::Open(_) | Kind::Store(_))
    }

    /// Whether the configuration has to be changed before the app can start.
    #[must_use]
    pub fn is_config(&self) -> bool {
        matches!(
            *self.0,
            Kind::PlainHttp(_) | Kind::Timeouts(_) | Kind::Secret(_) | Kind::KeyNotInStore
        )
    }

    /// Whether the network was the reason: an address in use, for example.
    #[must_use]
    pub fn is_io(&self) -> bool {
        matches!(*self.0, Kind::Listen(_))
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
        Self(Box::new(Kind::Open(error)))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self(Box::new(Kind::Store(error)))
    }
}
