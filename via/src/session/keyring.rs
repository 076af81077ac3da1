//! The key that all servers of an app share: it authenticates cookies and attach tokens.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::time::Instant;

use super::Secrets;
use crate::{
    limits,
    log_text::LogText,
    random::random,
    store::{
        Change, Commit, CommitId, CommitOutcome, Expect, Expiry, Key, Loaded, Put, Store,
        StoreError, Timestamp, Version, Write,
    },
};

/// The length of an authentication code in bytes: half of a SHA-256, as RFC 2104 allows.
const MAC_LEN: usize = 16;

/// The length of a key in bytes.
const KEY_LEN: usize = 32;

/// The maximum number of keys. Older ones are kept because browsers still hold values that they sealed.
const MAX_KEYS: usize = 8;

/// The shortest time between two requests to the store for newer keys, whatever browsers send.
const REFRESH_EVERY: Duration = Duration::from_secs(1);

/// Authenticates the values that the app sends to browsers and gets back.
///
/// It seals values with its first key, and opens values of all its keys.
pub(crate) struct Keyring {
    keys: RwLock<Arc<Keys>>,
    /// Whether the keys are in the store, where another server may replace them.
    in_store: bool,
    /// When it last asked the store because a value did not open.
    refreshed: tokio::sync::Mutex<Option<Instant>>,
}

struct Keys {
    keys: Vec<SharedKey>,
    version: Option<Version>,
}

/// One key, with the part of each authentication code that does not depend on the payload. It is
/// computed in advance, because every request opens a cookie, and most open a token.
struct SharedKey {
    bytes: [u8; KEY_LEN],
    cookie: Hmac<Sha256>,
    attach_token: Hmac<Sha256>,
}

/// The purpose of a sealed value. A value that was sealed for one purpose does not open for another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Cookie,
    AttachToken,
}

impl Keyring {
    fn new(keys: Keys, in_store: bool) -> Self {
        Self {
            keys: RwLock::new(Arc::new(keys)),
            in_store,
            refreshed: tokio::sync::Mutex::default(),
        }
    }

    /// Derives the keys from the app's own secrets. The store contains nothing of them.
    pub(crate) fn of_secrets(secrets: &Secrets) -> Self {
        let keys = secrets.keys().map(SharedKey::new).collect();
        Self::new(
            Keys {
                keys,
                version: None,
            },
            false,
        )
    }

    /// Loads the keys from the store. The first server creates one there.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store is unreachable, or if the document of the keys holds something else.
    pub(crate) async fn of_store(store: &dyn Store, now: Timestamp) -> Result<Self, StoreError> {
        loop {
            if let Some(keys) = Keys::load(store, now).await? {
                return Ok(Self::new(keys, true));
            }
            put(store, now, Expect::Absent, &[random()]).await?;
        }
    }

    /// The name of the document that holds the keys.
    pub(crate) fn document() -> Key {
        Key::new("via/key").expect("neither empty nor long")
    }

    /// The version of that document which is loaded; `None` if the keys are not in the store.
    pub(crate) fn version(&self) -> Option<Version> {
        self.keys().version
    }

    /// Loads the current keys from the store. If it has none, the known keys stay.
    pub(crate) async fn refresh(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if self.in_store
            && let Some(keys) = Keys::load(store, now).await?
        {
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        }
        Ok(())
    }

    /// Loads the current keys from the store. If that fails, it logs a warning, and the known keys stay.
    pub(crate) async fn follow(&self, store: &dyn Store, now: Timestamp) {
        match tokio::time::timeout(limits::STORE_DEADLINE, self.refresh(store, now)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = %LogText(&error), "the shared key cannot be loaded");
            }
            Err(_) => tracing::warn!("the shared key cannot be loaded in time"),
        }
    }

    /// Loads the current keys, unless this was done less than [`REFRESH_EVERY`] ago.
    pub(crate) async fn refresh_now_and_then(&self, store: &dyn Store, now: Timestamp) {
        let mut refreshed = self.refreshed.lock().await;
        if !self.in_store || refreshed.is_some_and(|at| at.elapsed() < REFRESH_EVERY) {
            return;
        }
        *refreshed = Some(Instant::now());
        self.follow(store, now).await;
    }

    /// Puts a new key before those in the store.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store is unreachable or damaged.
    pub(crate) async fn rotate(store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        let new = random();
        replace(store, now, |old| {
            std::iter::once(&new)
                .chain(old)
                .take(MAX_KEYS)
                .copied()
                .collect()
        })
        .await
    }

    /// Removes all keys in the store except the newest.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store is unreachable or damaged.
    pub(crate) async fn forget_old(store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        replace(store, now, |old| old[..1].to_vec()).await
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Seals `payload` as text for a URL, header or cookie. [`open`](Self::open) returns it again.
    pub(crate) fn seal(&self, purpose: Purpose, payload: &[u8]) -> String {
        let keys = self.keys();
        let mut sealed = payload.to_vec();
        let code = keys.keys[0].mac(purpose, payload).finalize().into_bytes();
        sealed.extend_from_slice(&code[..MAC_LEN]);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Returns the payload of a text that [`seal`](Self::seal) made; `None` for any other text.
    pub(crate) fn open(&self, purpose: Purpose, sealed: &str) -> Option<Vec<u8>> {
        let mut payload = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let at = payload.len().checked_sub(MAC_LEN)?;
        let code = payload.split_off(at);
        let opens = |key: &SharedKey| {
            let mac = key.mac(purpose, &payload);
            mac.verify_truncated_left(&code).is_ok()
        };
        self.keys().keys.iter().any(opens).then_some(payload)
    }
}

impl Keys {
    /// Loads the keys from the store; `None` if it never had any.
    async fn load(store: &dyn Store, now: Timestamp) -> Result<Option<Self>, StoreError> {
        let name = Keyring::document();
        let mut loaded = store.load(std::slice::from_ref(&name), now).await?;
        match loaded.pop() {
            Some(Loaded::Found(document)) => {
                // The keys are stored one after the other. Earlier versions stored only one key.
                let (keys, rest) = document.bytes.as_chunks::<KEY_LEN>();
                if keys.is_empty() || !rest.is_empty() {
                    return Err(StoreError::Damaged(
                        "the document `via/key` does not hold a key".into(),
                    ));
                }
                Ok(Some(Self {
                    keys: keys.iter().copied().map(SharedKey::new).collect(),
                    version: Some(document.version),
                }))
            }
            Some(Loaded::Deleted) => Err(StoreError::Damaged(
                "the document `via/key` was deleted".into(),
            )),
            Some(Loaded::Absent) | None => Ok(None),
        }
    }
}

/// Replaces the keys in the store, even if others do so at the same time.
async fn replace(
    store: &dyn Store,
    now: Timestamp,
    change: impl Fn(&[[u8; KEY_LEN]]) -> Vec<[u8; KEY_LEN]>,
) -> Result<(), StoreError> {
    for _ in 0..limits::ATTEMPTS {
        let Some(Keys { keys, version }) = Keys::load(store, now).await? else {
            put(store, now, Expect::Absent, &[random()]).await?;
            continue;
        };
        let Some(version) = version else { continue };
        let old: Vec<_> = keys.iter().map(|key| key.bytes).collect();
        let outcome = put(store, now, Expect::At(version), &change(&old)).await?;
        match outcome {
            CommitOutcome::Committed(_) => return Ok(()),
            // The next load shows the outcome. One key too many does no harm.
            CommitOutcome::Conflict(_) | CommitOutcome::Gone | CommitOutcome::Unknown => {}
        }
    }
    Err(StoreError::Unavailable(
        "the shared key changed all the time".into(),
    ))
}

async fn put(
    store: &dyn Store,
    now: Timestamp,
    expect: Expect,
    keys: &[[u8; KEY_LEN]],
) -> Result<CommitOutcome, StoreError> {
    store
        .commit(Commit {
            id: CommitId(u128::from_le_bytes(random())),
            now,
            writes: vec![Write {
                key: Keyring::document(),
                expect,
                change: Change::Put(Put {
                    bytes: Bytes::from(keys.concat()),
                    expiry: Expiry::NEVER,
                    owner: None,
                }),
            }],
        })
        .await
}

impl SharedKey {
    fn new(bytes: [u8; KEY_LEN]) -> Self {
        let code = |purpose: &[u8]| {
            Hmac::new_from_slice(&bytes)
                .expect("HMAC takes a key of any length")
                .chain_update(purpose)
        };
        Self {
            bytes,
            cookie: code(b"cookie\0"),
            attach_token: code(b"attach\0"),
        }
    }

    fn mac(&self, purpose: Purpose, payload: &[u8]) -> Hmac<Sha256> {
        let begun = match purpose {
            Purpose::Cookie => &self.cookie,
            Purpose::AttachToken => &self.attach_token,
        };
        begun.clone().chain_update(payload)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::MemoryStore;

    fn ring(byte: u8) -> Keyring {
        Keyring::new(
            Keys {
                keys: vec![SharedKey::new([byte; 32])],
                version: None,
            },
            false,
        )
    }

    #[test]
    fn a_sealed_value_opens_for_its_purpose_and_key_alone() {
        let sealed = ring(1).seal(Purpose::Cookie, b"payload");
        assert_eq!(
            ring(1).open(Purpose::Cookie, &sealed).as_deref(),
            Some(&b"payload"[..])
        );
        assert_eq!(ring(1).open(Purpose::AttachToken, &sealed), None);
        assert_eq!(ring(2).open(Purpose::Cookie, &sealed), None);
    }

    #[tokio::test]
    async fn a_rotated_key_opens_what_the_older_sealed_until_that_is_forgotten() {
        let (store, now) = (MemoryStore::new(), Timestamp::from_millis(0));
        let (first, second) = (
            Keyring::of_store(&store, now).await.unwrap(),
            Keyring::of_store(&store, now).await.unwrap(),
        );
        let old = first.seal(Purpose::Cookie, b"old");
        Keyring::rotate(&store, now).await.unwrap();
        first.refresh(&store, now).await.unwrap();
        let new = first.seal(Purpose::Cookie, b"new");
        assert!(first.open(Purpose::Cookie, &old).is_some());
        assert!(second.open(Purpose::Cookie, &new).is_none());
        second.refresh_now_and_then(&store, now).await;
        assert!(second.open(Purpose::Cookie, &new).is_some());
        assert!(second.open(Purpose::Cookie, &old).is_some());
        Keyring::forget_old(&store, now).await.unwrap();
        second.refresh(&store, now).await.unwrap();
        assert!(second.open(Purpose::Cookie, &old).is_none());
        assert!(second.open(Purpose::Cookie, &new).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn strange_text_makes_one_question_to_the_store_a_second() {
        let (store, now) = (MemoryStore::new(), Timestamp::from_millis(0));
        let ring = Keyring::of_store(&store, now).await.unwrap();
        ring.refresh_now_and_then(&store, now).await;
        let before = ring.version();
        Keyring::rotate(&store, now).await.unwrap();
        for _ in 0..100 {
            ring.refresh_now_and_then(&store, now).await;
        }
        assert_eq!(ring.version(), before);
        tokio::time::advance(REFRESH_EVERY).await;
        ring.refresh_now_and_then(&store, now).await;
        assert_ne!(ring.version(), before);
    }

    #[tokio::test]
    async fn only_so_many_keys_are_kept_and_racing_rotations_lose_none() {
        let (store, now) = (MemoryStore::new(), Timestamp::from_millis(0));
        for _ in 0..MAX_KEYS + 3 {
            let (one, other) =
                tokio::join!(Keyring::rotate(&store, now), Keyring::rotate(&store, now));
            one.unwrap();
            other.unwrap();
        }
        let keys = Keys::load(&store, now).await.unwrap().unwrap();
        assert_eq!(keys.keys.len(), MAX_KEYS);
        assert_eq!(
            keys.version.unwrap().revision,
            1 + 2 * (MAX_KEYS as u64 + 3)
        );
    }

    proptest! {
        #[test]
        fn no_other_text_opens(text in "\\PC{0,80}") {
            prop_assert_eq!(ring(1).open(Purpose::Cookie, &text), None);
        }

        #[test]
        fn a_changed_byte_closes_it(payload in prop::collection::vec(any::<u8>(), 0..60), at in any::<prop::sample::Index>(), with in 1_u8..) {
            let sealed = ring(1).seal(Purpose::Cookie, &payload);
            let mut bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= with;
            prop_assert_eq!(ring(1).open(Purpose::Cookie, &URL_SAFE_NO_PAD.encode(bytes)), None);
        }
    }
}
