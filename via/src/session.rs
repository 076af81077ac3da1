//! Sessions: the identity of a browser, proven by an authenticated cookie.

mod cookie;
mod handle;
mod identity;
mod keyring;
mod secrets;

use std::{borrow::Cow, fmt};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub(crate) use cookie::{CookieConfig, Found, SessionCookie};
pub use handle::Session;
pub(crate) use handle::SessionChange;
pub(crate) use identity::IdentityMark;
pub(crate) use keyring::{Keyring, Purpose};
pub(crate) use secrets::{Secrets, VARIABLE as SECRET_VARIABLE, WeakSecret};

use crate::{hex, store::Key};

/// The id of a session: 128 bits from the operating system's generator.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionId(pub(crate) [u8; 16]);

impl SessionId {
    /// The key of the session's document.
    pub(crate) fn key(self) -> Key {
        let mut key = String::with_capacity(40);
        key.push_str("session/");
        hex::push(&mut key, &self.0);
        Key::new(key).expect("neither empty nor long")
    }
}

/// Redacted: an id in a log is half of a session.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

/// The secret of a session: 256 bits from the operating system's generator. Only the browser knows it.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) [u8; 32]);

impl Secret {
    /// What the store keeps of it.
    pub(crate) fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The SHA-256 of a [`Secret`]: enough to recognise it, useless to impersonate anyone.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretHash(pub(crate) [u8; 32]);

impl SecretHash {
    /// Compares in constant time.
    pub(crate) fn matches(&self, secret: &Secret) -> bool {
        self.0.ct_eq(&secret.hash().0).into()
    }
}

impl Serialize for SecretHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for SecretHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        URL_SAFE_NO_PAD
            .decode(&*text)
            .ok()
            .and_then(|hash| hash.try_into().ok())
            .map(Self)
            .ok_or_else(|| D::Error::custom("the hash of a secret is malformed"))
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}
