//! [`Sessions`]: the sessions of a principal, to list and to end.

mod ending;

use std::{fmt, sync::Arc, time::Duration};

use sha2::{Digest, Sha256};

use self::ending::end;
use crate::{
    clock::{Clock, Timestamp},
    error::{Error, Result},
    hex,
    session::{Keyring, SessionId},
    state::Document,
    store::{Key, Loaded, Store, StoreError},
};

/// The sessions of principals: it lists where they are logged in, and ends sessions.
///
/// An ended session stays ended. The server tells its tabs at once, on every server of the store, and an
/// action that was running cannot bring it back.
///
/// Tested by: `tests/server/log_in.rs`.
///
/// # Example: log out everywhere else
///
/// ```
/// use via::prelude::*;
///
/// #[via::page("/security")]
/// struct Security;
///
/// #[via::actions]
/// impl Security {
///     async fn end_others(task: Task<Self>) -> via::Result<()> {
///         if let Some(principal) = task.principal().await? {
///             task.sessions().end_others(&principal, &task.session()).await?;
///         }
///         Ok(())
///     }
/// }
///
/// impl View for Security {
///     fn view(&self, cx: &Cx<Self>) -> Markup {
///         html! { button data-on:click=(cx.end_others()) { "Log out everywhere else" } }
///     }
/// }
/// # let _ = via::App::new().page::<Security>();
/// ```
#[derive(Clone)]
pub struct Sessions {
    store: Arc<dyn Store>,
    clock: Clock,
    /// How long a browser can keep sending the cookie of an ended session.
    tombstone: Duration,
    /// Whether the shared key is in the store.
    key_in_store: bool,
}

/// The name of a session. You can show, store and send it: it gives no access to the session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionHandle(Box<str>);

/// Information about a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Which one.
    pub handle: SessionHandle,
    /// When its principal logged in.
    pub since: Timestamp,
    /// When it ends if nobody uses it again.
    pub idle_until: Timestamp,
}

impl SessionHandle {
    pub(crate) fn of(id: SessionId) -> Self {
        Self::of_key(&id.key())
    }

    fn of_key(key: &Key) -> Self {
        let hash = Sha256::digest(key.as_str().as_bytes());
        Self(hex::encode(&hash[..12]).into())
    }

    /// The handle with this text, which [`Display`](fmt::Display) wrote.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Sessions {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Clock,
        tombstone: Duration,
        key_in_store: bool,
    ) -> Self {
        Self {
            store,
            clock,
            tombstone,
            key_in_store,
        }
    }

    /// All sessions in which `principal` is logged in, the newest first.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) if the store is away, or holds a session that cannot be read.
    pub async fn list(&self, principal: &str) -> Result<Vec<SessionInfo>> {
        let now = self.clock.now();
        let keys = self.store.owned_by(principal, now).await?;
        let loaded = self.store.load(&keys, now).await?;
        let mut sessions = Vec::with_capacity(keys.len());
        for (key, loaded) in keys.iter().zip(loaded) {
            let Loaded::Found(found) = loaded else {
                continue;
            };
            let document = Document::decode(&found.bytes)
                .map_err(|error| StoreError::Damaged(error.to_string().into()))?;
            sessions.push(SessionInfo {
                handle: SessionHandle::of_key(key),
                since: document.created,
                idle_until: found.expiry.deadline(),
            });
        }
        sessions.sort_by_key(|session| std::cmp::Reverse(session.since));
        Ok(sessions)
    }

    /// Ends one session of `principal`. Answers whether it existed.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) if the store is away.
    pub async fn end(&self, principal: &str, session: &SessionHandle) -> Result<bool> {
        let ended = self
            .end_those(principal, |key| SessionHandle::of_key(key) == *session)
            .await?;
        Ok(ended > 0)
    }

    /// Ends all sessions of `principal` except one, in one commit. Answers how many it ended.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) if the store is away.
    pub async fn end_others(&self, principal: &str, keep: &SessionHandle) -> Result<usize> {
        self.end_those(principal, |key| SessionHandle::of_key(key) != *keep)
            .await
    }

    /// Ends all sessions of `principal`, in one commit. Answers how many it ended.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) if the store is away.
    pub async fn end_all(&self, principal: &str) -> Result<usize> {
        self.end_those(principal, |_| true).await
    }

    /// Replaces the key with which all servers of the store authenticate cookies. New cookies use the new
    /// key; cookies of older keys stay valid until [`forget_old_keys`](Self::forget_old_keys).
    ///
    /// The other servers use the new key at once, without a restart, and at the latest when they receive
    /// a cookie of it.
    ///
    /// Tested by: `tests/server/keys.rs`.
    ///
    /// # Errors
    ///
    /// [`Error`](crate::Error) if the store is away, or if the app has an
    /// [`App::secret`](crate::App::secret): then its key is not in the store, and you replace the secret
    /// instead.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> via::Result<()> {
    /// let app = via::App::new();
    /// app.sessions().rotate_key().await?;
    /// // After the absolute session timeout, no browser has a cookie of the old key.
    /// app.sessions().forget_old_keys().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn rotate_key(&self) -> Result<()> {
        self.check_key_in_store()?;
        Ok(Keyring::rotate(&*self.store, self.clock.now()).await?)
    }

    /// Removes the older keys. A browser with a cookie of an older key gets a new session.
    ///
    /// # Errors
    ///
    /// As [`rotate_key`](Self::rotate_key).
    pub async fn forget_old_keys(&self) -> Result<()> {
        self.check_key_in_store()?;
        Ok(Keyring::forget_old(&*self.store, self.clock.now()).await?)
    }

    fn check_key_in_store(&self) -> Result<()> {
        if self.key_in_store {
            Ok(())
        } else {
            Err(KeyNotInStore.into())
        }
    }

    async fn end_those(&self, principal: &str, which: impl Fn(&Key) -> bool) -> Result<usize> {
        let (store, clock) = (&*self.store, &self.clock);
        Ok(end(store, clock, self.tombstone, principal, which).await?)
    }
}

/// The key cannot be replaced.
#[derive(Debug, thiserror::Error)]
#[error(
    "the shared key of this app is made of its secret and not kept in the store; put a new secret \
     before the old one, as in `VIA_SECRET=new,old`"
)]
struct KeyNotInStore;

impl From<KeyNotInStore> for Error {
    fn from(error: KeyNotInStore) -> Self {
        Self::config(error)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
