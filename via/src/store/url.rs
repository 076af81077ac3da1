//! Choosing a store by URL.

use std::sync::Arc;

use super::{MemoryStore, OpenError, Store};

/// Opens the store that `url` names.
///
/// | URL | store |
/// |---|---|
/// | `memory:` | [`MemoryStore`] with its default limits |
/// | `sqlite://relative/path.db` | a [`SqliteStore`](super::SqliteStore), relative to the working directory |
/// | `sqlite:///absolute/path.db` | a [`SqliteStore`](super::SqliteStore) |
///
/// A SQLite URL may end in `?synchronous=full` (the default) or `?synchronous=normal`, see
/// [`Synchronous`](super::Synchronous). The path is taken as it stands: percent signs are not
/// decoded, and it cannot contain a question mark.
///
/// Opening a SQLite store reads the whole file once to check it.
///
/// # Errors
///
/// [`OpenError`] with one sentence that says what is wrong and what to write.
///
/// # Example
///
/// ```
/// use via::store::{self, Durability, Store};
///
/// let store = store::open("memory:").unwrap();
/// assert_eq!(store.durability(), Durability::Volatile);
///
/// let wrong = store::open("mysql://host/db").unwrap_err();
/// assert!(wrong.to_string().contains("`sqlite://relative/path.db`"));
/// ```
pub fn open(url: &str) -> Result<Arc<dyn Store>, OpenError> {
    if url == "memory:" {
        return Ok(Arc::new(MemoryStore::new()));
    }
    if let Some(rest) = url.strip_prefix("sqlite://") {
        return open_sqlite(url, rest);
    }
    for scheme in ["redis://", "rediss://"] {
        if url.starts_with(scheme) {
            // The rest of the URL may hold a password.
            return Err(OpenError::NotAvailable { scheme, hint: "" });
        }
    }
    let reason = match url.split_once(':') {
        Some(("memory", _)) => "nothing may follow `memory:`".to_owned(),
        Some(("sqlite", _)) => "two slashes must follow `sqlite:`".to_owned(),
        Some((scheme, _)) => format!("`{scheme}:` is not the beginning of any store's URL"),
        None => "it has no scheme".to_owned(),
    };
    Err(wrong(url, reason))
}

#[cfg(feature = "sqlite")]
fn open_sqlite(url: &str, rest: &str) -> Result<Arc<dyn Store>, OpenError> {
    use super::{SqliteStore, Synchronous};

    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if path.is_empty() || path.ends_with('/') {
        return Err(wrong(url, "the name of a file is missing".to_owned()));
    }
    if path == ":memory:" {
        return Err(wrong(url, "a store in memory is `memory:`".to_owned()));
    }
    let mut synchronous = Synchronous::default();
    for option in query.split('&').filter(|option| !option.is_empty()) {
        synchronous = match option.split_once('=') {
            Some(("synchronous", "full")) => Synchronous::Full,
            Some(("synchronous", "normal")) => Synchronous::Normal,
            Some(("synchronous", value)) => {
                let reason = format!("`synchronous` is `full` or `normal`, not `{value}`");
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

fn wrong(url: &str, reason: String) -> OpenError {
    OpenError::Url {
        url: without_password(url),
        reason,
    }
}

/// Hides what stands before an `@`: this text ends up in logs.
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

    fn sentence(url: &str) -> String {
        open(url).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_url_is_named_with_the_valid_forms() {
        for (url, reason) in [
            ("", "it has no scheme"),
            ("counter.db", "it has no scheme"),
            ("memory:x", "nothing may follow `memory:`"),
            ("sqlite:counter.db", "two slashes must follow `sqlite:`"),
            (
                "mysql://h/db",
                "`mysql:` is not the beginning of any store's URL",
            ),
        ] {
            let sentence = sentence(url);
            assert_eq!(
                sentence,
                format!(
                    "`{url}` does not name a store: {reason}; write `memory:`, \
                     `sqlite://relative/path.db` or `sqlite:///absolute/path.db`"
                )
            );
        }
    }

    #[test]
    #[cfg(feature = "sqlite")]
    fn a_wrong_sqlite_url_says_what_is_wrong() {
        for (url, reason) in [
            ("sqlite://", "the name of a file is missing"),
            ("sqlite:///tmp/", "the name of a file is missing"),
            ("sqlite://:memory:", "a store in memory is `memory:`"),
            ("sqlite://a.db?mode=ro", "there is no option `mode`"),
            ("sqlite://a.db?x", "there is no option `x`"),
            ("sqlite://a.db?synchronous=off", "not `off`"),
        ] {
            assert!(sentence(url).contains(reason), "{}", sentence(url));
        }
    }

    #[test]
    fn redis_is_not_available_and_its_password_is_not_shown() {
        assert_eq!(
            sentence("redis://user:secret@host/0"),
            "`redis://` stores are not available in this build"
        );
        assert!(!sentence("postgres://user:secret@host/0").contains("secret"));
    }
}
