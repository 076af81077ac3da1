//! The session cookie: creates, sends and reads it.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

use super::{Keyring, Purpose, Secret, SessionId};
use crate::{random::random, store::Timestamp};

/// The content of the cookie, which proves that a browser belongs to a session.
#[derive(Clone, Debug)]
pub(crate) struct SessionCookie {
    pub(crate) id: SessionId,
    pub(crate) secret: Secret,
    /// When the server issued it.
    pub(crate) issued: Timestamp,
}

impl SessionCookie {
    /// Creates a new session. The store keeps nothing of it before its first commit.
    pub(crate) fn fresh(now: Timestamp) -> Self {
        Self {
            id: SessionId(random()),
            secret: Secret(random()),
            issued: now,
        }
    }

    fn to_value(&self, keys: &Keyring) -> String {
        let mut payload = Vec::with_capacity(56);
        payload.extend_from_slice(&self.id.0);
        payload.extend_from_slice(&self.secret.0);
        payload.extend_from_slice(&self.issued.as_millis().to_le_bytes());
        keys.seal(Purpose::Cookie, &payload)
    }

    fn from_value(value: &str, keys: &Keyring) -> Option<Self> {
        let payload = keys.open(Purpose::Cookie, value)?;
        let payload = <[u8; 56]>::try_from(payload).ok()?;
        let (id, rest) = payload.split_first_chunk::<16>()?;
        let (secret, issued) = rest.split_first_chunk::<32>()?;
        Some(Self {
            id: SessionId(*id),
            secret: Secret(*secret),
            issued: Timestamp::from_millis(i64::from_le_bytes(issued.try_into().ok()?)),
        })
    }
}

/// The name and attributes of the cookie. They depend on the configuration of the app, and never on a
/// request.
#[derive(Clone, Debug)]
pub(crate) struct CookieConfig {
    name: String,
    secure: bool,
    max_age: Duration,
}

impl CookieConfig {
    /// With HTTPS, the cookie is `Secure` and its name begins with `__Host-`. With plain HTTP it has another
    /// name, so the server cannot confuse the two. The name of the app separates apps on one host.
    pub(crate) fn new(app: &str, secure: bool, max_age: Duration) -> Self {
        let prefix = if secure { "__Host-" } else { "" };
        Self {
            name: format!("{prefix}via-{app}"),
            secure,
            max_age,
        }
    }

    /// Reads the session of a request, if its cookie is one that this app issued.
    pub(crate) fn read(&self, headers: &HeaderMap, keys: &Keyring) -> Option<SessionCookie> {
        self.values(headers)
            .find_map(|value| SessionCookie::from_value(value, keys))
    }

    /// Whether a request has a cookie with this name, valid or not.
    pub(crate) fn is_sent(&self, headers: &HeaderMap) -> bool {
        self.values(headers).next().is_some()
    }

    /// The values that a request has under the name of the cookie.
    fn values<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == self.name)
            .map(|(_, value)| value)
    }

    /// Creates the `Set-Cookie` header for `cookie`.
    pub(crate) fn write(&self, cookie: &SessionCookie, keys: &Keyring) -> HeaderValue {
        let text = format!(
            "{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{}",
            self.name,
            cookie.to_value(keys),
            self.max_age.as_secs(),
            if self.secure { "; Secure" } else { "" },
        );
        HeaderValue::from_str(&text).expect("the app's name was checked when it was set")
    }
}
