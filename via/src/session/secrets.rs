//! Secrets that replace the key in the store, if the operator of the app provides them.

use std::{ffi::OsStr, fmt};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::error::Error;

/// The shortest secret, in bytes: shorter ones can be guessed.
const SHORTEST: usize = 32;

/// The environment variable with the secrets of an app that sets none in code.
pub(crate) const VARIABLE: &str = "VIA_SECRET";

/// The secrets of an app, the newest first. Empty if the keys are in the store.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

/// A secret that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WeakSecret {
    #[error(
        "the secret in {origin} has {len} bytes and can be guessed; use at least {SHORTEST} bytes, for \
         example from `openssl rand -base64 32`"
    )]
    Short { len: usize, origin: &'static str },
    #[error(
        "the secret in {VARIABLE} is not UTF-8 text; encode it, for example with \
         `openssl rand -base64 32`"
    )]
    NotText,
}

impl From<WeakSecret> for Error {
    fn from(error: WeakSecret) -> Self {
        Self::config(error)
    }
}

impl Secrets {
    pub(crate) fn push(&mut self, secret: String) {
        self.0.push(secret);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the secrets to use: those set in code, or otherwise those of the environment variable,
    /// separated by commas.
    ///
    /// # Errors
    ///
    /// [`WeakSecret`] if one of them is too short, or if those of the environment are not text.
    pub(crate) fn or_of(self, variable: Option<&OsStr>) -> Result<Self, WeakSecret> {
        let (secrets, origin) = match variable {
            Some(list) if self.is_empty() => {
                let list = list.to_str().ok_or(WeakSecret::NotText)?;
                let parts = list.split(',').map(|part| part.trim().to_owned());
                (Self(parts.collect()), VARIABLE)
            }
            _ => (self, "`App::secret`"),
        };
        let short = |secret: &&String| secret.len() < SHORTEST;
        match secrets.0.iter().find(short) {
            Some(secret) => Err(WeakSecret::Short {
                len: secret.len(),
                origin,
            }),
            None => Ok(secrets),
        }
    }

    /// Derives one key from each secret.
    pub(super) fn keys(&self) -> impl Iterator<Item = [u8; 32]> {
        self.0.iter().map(|secret| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
                .expect("HMAC takes a key of any length");
            mac.update(b"via: the shared key");
            mac.finalize().into_bytes().into()
        })
    }
}

/// Prints only the number of secrets.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Keyring, Purpose};

    const NEW: &str = "the new secret: thirty-two bytes and more";
    const OLD: &str = "the old secret: thirty-two bytes and more";

    fn of(list: &str) -> Result<Secrets, WeakSecret> {
        Secrets::default().or_of(Some(OsStr::new(list)))
    }

    #[test]
    fn the_first_secret_seals_and_all_open() {
        let old = Keyring::of_secrets(&of(OLD).unwrap());
        let both = Keyring::of_secrets(&of(&format!("{NEW}, {OLD}")).unwrap());
        let new = Keyring::of_secrets(&of(NEW).unwrap());
        let sealed = old.seal(Purpose::Cookie, b"x");
        assert!(both.open(Purpose::Cookie, &sealed).is_some());
        assert!(new.open(Purpose::Cookie, &sealed).is_none());
        let sealed = both.seal(Purpose::Cookie, b"x");
        assert!(new.open(Purpose::Cookie, &sealed).is_some());
        assert!(old.open(Purpose::Cookie, &sealed).is_none());
    }

    #[test]
    fn a_short_secret_is_refused_and_not_repeated() {
        for list in ["", "hunter2", &format!("{NEW},"), &format!("{NEW},hunter2")] {
            let error = of(list).unwrap_err().to_string();
            assert!(error.contains("openssl rand -base64 32"), "{error}");
            assert!(error.contains(VARIABLE), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(of(&"x".repeat(32)).is_ok());
        assert!(of(&"x".repeat(31)).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_not_text_are_refused_and_not_replaced() {
        use std::os::unix::ffi::OsStrExt as _;
        let bytes = OsStr::from_bytes(&[0xff; 40]);
        let error = Secrets::default().or_of(Some(bytes)).unwrap_err();
        assert!(error.to_string().contains("is not UTF-8 text"), "{error}");
    }

    #[test]
    fn what_stands_in_the_code_wins() {
        let mut secrets = Secrets::default();
        secrets.push(NEW.to_owned());
        let secrets = secrets.or_of(Some(OsStr::new("short"))).unwrap();
        assert_eq!(format!("{secrets:?}"), "Secrets(1)");
    }
}
