//! The session cookie: creates, sends and reads it.

use std::{borrow::Cow, time::Duration};

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

/// The name and attributes of the cookie. They depend on the configuration of the app and on where it is
/// mounted, and never on what a request says about itself.
#[derive(Clone, Debug)]
pub(crate) struct CookieConfig {
    /// The name of an app at the root of its host.
    name: String,
    /// Whether the name says where the app is mounted, because the author gave it none.
    names_mount: bool,
    /// The port of the app, if it is known. Browsers send a cookie to all ports of a host.
    port: Option<u16>,
    secure: bool,
    max_age: Duration,
}

/// The cookie under one of the names that it has in a request.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) cookie: SessionCookie,
    /// Whether it has the name that nested apps used before their cookies named the mount. Another app
    /// of the same crate, at the root, may use that name.
    pub(crate) is_former: bool,
}

/// Which name of an app's cookie it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    Own,
    /// With the port of the app.
    Spare,
    Former,
}

impl CookieConfig {
    /// With HTTPS, the cookie is `Secure` and its name begins with `__Host-`. With plain HTTP it has another
    /// name, so the server cannot confuse the two. The name of the app separates apps on one host.
    pub(crate) fn new(app: &str, secure: bool, max_age: Duration) -> Self {
        let prefix = if secure { "__Host-" } else { "" };
        Self {
            name: format!("{prefix}via-{app}"),
            names_mount: false,
            port: None,
            secure,
            max_age,
        }
    }

    /// The same for an app that has the name of its crate. Other apps of the crate may be mounted
    /// elsewhere on the host, so the name of the cookie then says where this one is.
    pub(crate) fn naming_mount(mut self) -> Self {
        self.names_mount = true;
        self
    }

    /// The same for an app that browsers reach at this port. Another program at another port of the
    /// host may use the same name.
    pub(crate) fn at_port(mut self, port: Option<u16>) -> Self {
        self.port = port;
        self
    }

    /// The cookies of a request that this app issued, at most four. Usually there is one.
    pub(crate) fn read(
        &self,
        mount: &str,
        headers: &HeaderMap,
        keys: &Keyring,
    ) -> impl Iterator<Item = Found> {
        self.values(mount, headers)
            .filter_map(|(name, value)| {
                Some(Found {
                    cookie: SessionCookie::from_value(value, keys)?,
                    is_former: name == Name::Former,
                })
            })
            .take(4)
    }

    /// Whether a request has a cookie with this name, valid or not.
    pub(crate) fn is_sent(&self, mount: &str, headers: &HeaderMap) -> bool {
        self.values(mount, headers)
            .any(|(name, _)| name != Name::Former)
    }

    /// The values that a request has under the names of the cookie.
    ///
    /// Other programs on the same host may put any bytes into the header, so only the values of this app
    /// are read as text.
    fn values<'a>(
        &self,
        mount: &str,
        headers: &'a HeaderMap,
    ) -> impl Iterator<Item = (Name, &'a str)> {
        let own = self.own_name(mount);
        headers
            .get_all(header::COOKIE)
            .iter()
            .flat_map(|line| line.as_bytes().split(|&byte| byte == b';'))
            .filter_map(move |pair| {
                let (name, value) = split_pair(pair)?;
                let name = match name.strip_prefix(own.as_bytes()) {
                    Some(b"") => Name::Own,
                    Some(rest) if self.is_port(rest) => Name::Spare,
                    _ if own.len() > self.name.len() && name == self.name.as_bytes() => {
                        Name::Former
                    }
                    _ => return None,
                };
                Some((name, std::str::from_utf8(value).ok()?))
            })
    }

    /// Whether this is what [`write`](Self::write) appends to a name that is taken.
    fn is_port(&self, rest: &[u8]) -> bool {
        let said = rest.strip_prefix(b"~");
        let said = said.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        said.is_some() && said == self.port
    }

    /// The name of the cookie of an app that is mounted there.
    fn own_name(&self, mount: &str) -> Cow<'_, str> {
        if mount.is_empty() || !self.names_mount {
            return Cow::Borrowed(&self.name);
        }
        let mount: String = mount
            .chars()
            .map(|char| match char {
                '/' => '.',
                char if is_of_a_name(char) => char,
                _ => '_',
            })
            .collect();
        Cow::Owned(format!("{}{mount}", self.name))
    }

    /// Creates the `Set-Cookie` header for `cookie`, in the answer to a request with these headers.
    ///
    /// If the request has a cookie of the same name that this app did not issue, that cookie belongs to
    /// another program on the host. It stays, and the name of the new cookie gets the port.
    pub(crate) fn write(
        &self,
        cookie: &SessionCookie,
        keys: &Keyring,
        mount: &str,
        headers: &HeaderMap,
    ) -> HeaderValue {
        let mut name = self.own_name(mount);
        if let Some(port) = self.port
            && self.is_taken(mount, headers, keys)
        {
            name = Cow::Owned(format!("{name}~{port}"));
        }
        let text = format!(
            "{name}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{}",
            cookie.to_value(keys),
            self.max_age.as_secs(),
            if self.secure { "; Secure" } else { "" },
        );
        HeaderValue::from_str(&text).expect("the name is visible ASCII")
    }

    fn is_taken(&self, mount: &str, headers: &HeaderMap, keys: &Keyring) -> bool {
        let mut own = self
            .values(mount, headers)
            .filter_map(|(name, value)| (name == Name::Own).then_some(value))
            .peekable();
        own.peek().is_some() && !own.any(|value| keys.open(Purpose::Cookie, value).is_some())
    }
}

/// Whether the name of a cookie may contain this character.
fn is_of_a_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(char)
}

/// The name and the value of one cookie in a header.
fn split_pair(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let pair = pair.trim_ascii();
    let at = pair.iter().position(|&byte| byte == b'=')?;
    Some((&pair[..at], &pair[at + 1..]))
}
