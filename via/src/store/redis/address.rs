//! The address of a store in Redis, parsed from its URL.

use std::{
    fmt::{self, Debug, Display},
    ops::RangeInclusive,
    path::PathBuf,
    time::Duration,
};

use redis::{
    Client, ConnectionAddr, IntoConnectionInfo, ProtocolVersion, TlsCertificates,
    io::tcp::TcpSettings,
};

use crate::store::{OpenError, url};

/// How long a call may take, unless the URL says otherwise.
const DEADLINE: Duration = Duration::from_secs(2);
/// The deadlines that the URL may set, in milliseconds.
const DEADLINES: RangeInclusive<u64> = 100..=60_000;

/// The beginning of all names that a store uses in Redis, unless the URL says otherwise.
const PREFIX: &str = "via:";

/// When Redis flushes its log to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fsync {
    Always,
    EverySecond,
    No,
}

impl Fsync {
    pub(super) fn parse(value: &str) -> Option<Self> {
        match value {
            "always" => Some(Self::Always),
            "everysec" => Some(Self::EverySecond),
            "no" => Some(Self::No),
            _ => None,
        }
    }
}

impl Display for Fsync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Always => "always",
            Self::EverySecond => "everysec",
            Self::No => "no",
        })
    }
}

/// The address of a store.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) client: Client,
    /// Host and port, for messages.
    pub(super) endpoint: String,
    pub(super) prefix: String,
    /// The value of `appendfsync` in the URL.
    pub(super) claimed: Option<Fsync>,
    /// How long a call may take.
    pub(super) deadline: Duration,
}

impl Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client contains the password.
        f.debug_struct("Address")
            .field("endpoint", &self.endpoint)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, OpenError> {
        let wrong = |reason: String| url::wrong(text, reason);
        let (server, query) = text.split_once('?').unwrap_or((text, ""));
        if server.contains('#') {
            return Err(wrong(
                "`#` has no meaning in it; write `%23` if a password contains one".to_owned(),
            ));
        }
        let mut prefix = PREFIX.to_owned();
        let (mut claimed, mut authority, mut deadline) = (None, None, DEADLINE);
        for option in query.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("prefix", "")) => return Err(wrong("`prefix` is empty".to_owned())),
                Some(("prefix", value)) => value.clone_into(&mut prefix),
                Some(("appendfsync", value)) => {
                    claimed = Some(Fsync::parse(value).ok_or_else(|| {
                        wrong(format!(
                            "`appendfsync` must be `always`, `everysec` or `no`, not `{value}`"
                        ))
                    })?);
                }
                Some(("deadline", value)) => {
                    let millis = value.parse().ok();
                    let millis = millis.filter(|it| DEADLINES.contains(it)).ok_or_else(|| {
                        wrong(format!(
                            "`deadline` must be a number of milliseconds from 100 to 60000, not \
                             `{value}`"
                        ))
                    })?;
                    deadline = Duration::from_millis(millis);
                }
                Some(("ca", value)) => authority = Some(PathBuf::from(value)),
                _ => {
                    let name = option.split_once('=').map_or(option, |(name, _)| name);
                    return Err(wrong(format!(
                        "there is no option `{name}`, only `prefix`, `appendfsync`, `deadline` \
                         and `ca`"
                    )));
                }
            }
        }

        if redis::parse_redis_url(server).is_none() {
            return Err(wrong("its host or port is not valid".to_owned()));
        }
        let info = server
            .into_connection_info()
            .map_err(|error| wrong(lower(&error.to_string())))?;
        let is_plain = matches!(info.addr(), ConnectionAddr::Tcp(..));
        let endpoint = info.addr().to_string();
        let settings = info.redis_settings().clone();
        if settings.db() < 0 {
            return Err(wrong("its database number is negative".to_owned()));
        }
        let info = info
            .set_redis_settings(
                settings
                    .set_protocol(ProtocolVersion::RESP3)
                    .set_skip_set_lib_name(),
            )
            .set_tcp_settings(TcpSettings::default().set_nodelay(true));
        let client = match authority {
            Some(_) if is_plain => {
                return Err(wrong(
                    "`ca` needs TLS, so the URL must begin with `rediss://`".to_owned(),
                ));
            }
            Some(path) => {
                let certificates = std::fs::read(&path).map_err(|error| {
                    let path = path.display();
                    wrong(format!(
                        "cannot read the file `{path}` that `ca` names: {error}"
                    ))
                })?;
                Client::build_with_tls(
                    info,
                    TlsCertificates {
                        client_tls: None,
                        root_cert: Some(certificates),
                    },
                )
            }
            None => Client::open(info),
        };
        Ok(Self {
            client: client.map_err(|error| wrong(lower(&error.to_string())))?,
            endpoint,
            prefix,
            claimed,
            deadline,
        })
    }

    /// The channel on which all commits of this store are announced.
    pub(super) fn channel(&self) -> String {
        // All databases of a server share its channels.
        let settings = self.client.get_connection_info().redis_settings();
        format!("{}notices:{}", self.prefix, settings.db())
    }

    /// The error for a server that the store refuses.
    pub(super) fn refused(&self, reason: impl Into<String>) -> OpenError {
        OpenError::Redis {
            endpoint: self.endpoint.clone(),
            reason: reason.into(),
        }
    }

    /// The error for a server that does not answer.
    pub(super) fn unreachable(
        &self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> OpenError {
        OpenError::Unreachable {
            endpoint: self.endpoint.clone(),
            source: source.into(),
        }
    }
}

/// A message of the crate `redis`, to be used within our own.
fn lower(sentence: &str) -> String {
    let (sentence, _) = sentence.split_once(" - ").unwrap_or((sentence, ""));
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}
