//! Choosing a store by URL.

use std::sync::Arc;

use super::{MemoryStore, OpenError, Store};

/// Opens the store that `url` names.
///
/// | URL | store |
/// |---|---|
/// | `memory:` or `memory://` | [`MemoryStore`] with its default limits |
/// | `sqlite://relative/path.db` | a [`SqliteStore`](super::SqliteStore), relative to the working directory |
/// | `sqlite:///absolute/path.db` | a [`SqliteStore`](super::SqliteStore) |
/// | `redis://user:password@host:port/database` | a `RedisStore`, with the feature `redis` |
/// | `rediss://user:password@host:port/database` | the same with TLS |
///
/// A SQLite URL may end in `?synchronous=full`, which is the default, or `?synchronous=normal`; see
/// [`Synchronous`](super::Synchronous). The path is used literally: percent signs are not decoded,
/// and it cannot contain a question mark.
///
/// A Redis URL needs only the host. The documentation of `RedisStore` lists the options that may
/// follow.
///
/// Opening a SQLite store reads the whole file once to check it. Opening a Redis store connects to
/// the server and checks its configuration. If the server would lose documents, `open` fails, so
/// you notice a wrong configuration when the program starts.
///
/// # Errors
///
/// [`OpenError`], whose message says what is wrong and what to write instead.
///
/// # Example
///
/// ```
/// use via::store::{self, Durability, Store};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let store = store::open("memory:").await.unwrap();
/// assert_eq!(store.durability(), Durability::Volatile);
///
/// let wrong = store::open("mysql://host/db").await.unwrap_err();
/// assert!(wrong.to_string().contains("`sqlite://relative/path.db`"));
/// # }
/// ```
pub async fn open(url: &str) -> Result<Arc<dyn Store>, OpenError> {
    if matches!(url, "memory:" | "memory://") {
        return Ok(Arc::new(MemoryStore::new()));
    }
    if let Some(rest) = url.strip_prefix("sqlite://") {
        return open_sqlite(url, rest);
    }
    for scheme in ["redis://", "rediss://"] {
        if url.starts_with(scheme) {
            return open_redis(url, scheme).await;
        }
    }
    let reason = match url.split_once(':') {
        Some(("memory", _)) => "nothing may follow `memory:`".to_owned(),
        Some((scheme @ ("redis" | "rediss"), _)) => format!("two slashes must follow `{scheme}:`"),
        Some(("sqlite", _)) => "two slashes must follow `sqlite:`".to_owned(),
        Some((scheme, _)) => format!("via has no store for `{scheme}:`"),
        None => "it has no scheme".to_owned(),
    };
    Err(wrong(url, reason))
}

#[cfg(feature = "sqlite")]
fn open_sqlite(url: &str, rest: &str) -> Result<Arc<dyn Store>, OpenError> {
    use super::{SqliteStore, Synchronous};

    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if path.is_empty() || path.ends_with('/') {
        return Err(wrong(url, "the file name is missing".to_owned()));
    }
    if path == ":memory:" {
        return Err(wrong(url, "the in-memory store is `memory:`".to_owned()));
    }
    let mut synchronous = Synchronous::default();
    for option in query.split('&').filter(|option| !option.is_empty()) {
        synchronous = match option.split_once('=') {
            Some(("synchronous", "full")) => Synchronous::Full,
            Some(("synchronous", "normal")) => Synchronous::Normal,
            Some(("synchronous", value)) => {
                let reason = format!("`synchronous` must be `full` or `normal`, not `{value}`");
                return Err(wrong(url, reason));
            }
            _ => {
                let name = option.split_once('=').map_or(option, |(name, _)| name);
                let reason = format!("there is no option `{name}`, only `synchronous`");
                return Err(wrong(url, reason));
            }
        };
    }
    Ok(Arc::new(SqliteStore::open_with(path, synchronous)?))
}

#[cfg(not(feature = "sqlite"))]
fn open_sqlite(_url: &str, _rest: &str) -> Result<Arc<dyn Store>, OpenError> {
    Err(OpenError::NotAvailable {
        scheme: "sqlite://",
        hint: "; enable the feature `sqlite` of `via`",
    })
}

#[cfg(feature = "redis")]
async fn open_redis(url: &str, _scheme: &'static str) -> Result<Arc<dyn Store>, OpenError> {
    Ok(Arc::new(super::RedisStore::open(url).await?))
}

#[cfg(not(feature = "redis"))]
#[expect(
    clippy::unused_async,
    reason = "with the feature `redis` it waits for the server"
)]
async fn open_redis(_url: &str, scheme: &'static str) -> Result<Arc<dyn Store>, OpenError> {
    // The rest of the URL may contain a password.
    Err(OpenError::NotAvailable {
        scheme,
        hint: "; enable the feature `redis` of `via`",
    })
}

pub(super) fn wrong(url: &str, reason: String) -> OpenError {
    OpenError::Url {
        url: without_password(url),
        reason,
    }
}

/// Hides all text before an `@`, because the URL ends up in logs.
fn without_password(url: &str) -> String {
    match (url.find("//"), url.rfind('@')) {
        (Some(slashes), Some(at)) if slashes + 2 <= at => {
            format!("{}...{}", &url[..slashes + 2], &url[at..])
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sentence(url: &str) -> String {
        open(url).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn memory_is_named_with_and_without_slashes() {
        for url in ["memory:", "memory://"] {
            let store = open(url).await.unwrap();
            assert_eq!(store.durability(), crate::store::Durability::Volatile);
        }
    }

    #[tokio::test]
    async fn a_wrong_url_is_named_with_the_valid_forms() {
        for (url, reason) in [
            ("", "it has no scheme"),
            ("counter.db", "it has no scheme"),
            ("memory:x", "nothing may follow `memory:`"),
            ("sqlite:counter.db", "two slashes must follow `sqlite:`"),
            ("redis:localhost", "two slashes must follow `redis:`"),
            ("mysql://h/db", "via has no store for `mysql:`"),
        ] {
            let sentence = sentence(url).await;
            assert_eq!(
                sentence,
                format!(
                    "`{url}` does not name a store: {reason}; write `memory:`, \
                     `sqlite://relative/path.db`, `sqlite:///absolute/path.db`, or \
                     `redis://host:port/database`"
                )
            );
        }
    }

    #[tokio::test]
    #[cfg(feature = "sqlite")]
    async fn a_wrong_sqlite_url_says_what_is_wrong() {
        for (url, reason) in [
            ("sqlite://", "the file name is missing"),
            ("sqlite:///tmp/", "the file name is missing"),
            ("sqlite://:memory:", "the in-memory store is `memory:`"),
            ("sqlite://a.db?mode=ro", "there is no option `mode`"),
            ("sqlite://a.db?x", "there is no option `x`"),
            ("sqlite://a.db?synchronous=off", "not `off`"),
        ] {
            let sentence = sentence(url).await;
            assert!(sentence.contains(reason), "{sentence}");
        }
    }

    #[tokio::test]
    #[cfg(feature = "redis")]
    async fn a_wrong_redis_url_says_what_is_wrong_and_hides_the_password() {
        for (url, reason) in [
            ("redis://", "missing hostname"),
            ("redis://user:secret@host/first", "invalid database number"),
            ("redis://user:secret@host/-1", "database number is negative"),
            ("redis://user:secret@host/0?prefix=", "`prefix` is empty"),
            (
                "redis://user:secret@host?db=1",
                "there is no option `db`, only `prefix`",
            ),
            ("redis://user:secret@host?x", "there is no option `x`"),
            ("redis://user:secret@host?appendfsync=maybe", "not `maybe`"),
            (
                "redis://user:secret@host?deadline=5",
                "from 100 to 60000, not `5`",
            ),
            (
                "redis://user:secret@host?ca=ca.pem",
                "begin with `rediss://`",
            ),
            (
                "rediss://user:secret@host?ca=/none.pem",
                "`/none.pem` that `ca` names",
            ),
            ("rediss://user:secret@host#insecure", "`#` has no meaning"),
            (
                "redis://user:secret@host:port",
                "its host or port is not valid",
            ),
        ] {
            let sentence = sentence(url).await;
            assert!(sentence.contains(reason), "{sentence}");
            assert!(!sentence.contains("secret"), "{sentence}");
        }
    }

    #[tokio::test]
    #[cfg(not(feature = "redis"))]
    async fn redis_is_a_feature_and_its_password_is_not_shown() {
        assert_eq!(
            sentence("redis://user:secret@host/0").await,
            "`redis://` stores are not available in this build; enable the feature `redis` of `via`"
        );
    }

    #[tokio::test]
    async fn a_password_is_not_shown() {
        let sentence = sentence("postgres://user:secret@host/0").await;
        assert!(!sentence.contains("secret"), "{sentence}");
    }
}
