//! The key that all servers of an app share: it authenticates cookies and attach tokens.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::random;
use crate::store::{
    Change, Commit, CommitId, CommitOutcome, Expect, Expiry, Key, Loaded, Put, Store, StoreError,
    Timestamp, Write,
};

/// Bytes of an authentication code: half of a SHA-256, as RFC 2104 allows.
const MAC_LEN: usize = 16;

/// Authenticates what the app hands to browsers and gets back.
#[derive(Clone)]
pub(crate) struct Keyring {
    key: [u8; 32],
}

/// What a sealed value is for; a value sealed for one purpose opens for no other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Cookie,
    AttachToken,
}

impl Keyring {
    /// Takes the key from the store, where the first server to come created it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store is away, or holds something else in the key's place.
    pub(crate) async fn of_store(store: &dyn Store, now: Timestamp) -> Result<Self, StoreError> {
        let name = Key::new("via/key").expect("neither empty nor long");
        loop {
            let found = store.load(std::slice::from_ref(&name), now).await?;
            if let Some(Loaded::Found(document)) = found.first() {
                let key = <[u8; 32]>::try_from(&*document.bytes).map_err(|_| {
                    StoreError::Damaged("the document `via/key` does not hold a key".into())
                })?;
                return Ok(Self { key });
            }
            let outcome = store
                .commit(Commit {
                    id: CommitId(u128::from_le_bytes(random())),
                    now,
                    writes: vec![Write {
                        key: name.clone(),
                        expect: Expect::Absent,
                        change: Change::Put(Put {
                            bytes: Bytes::copy_from_slice(&random::<32>()),
                            expiry: Expiry::NEVER,
                            owner: None,
                        }),
                    }],
                })
                .await?;
            if outcome == CommitOutcome::Gone {
                return Err(StoreError::Damaged(
                    "the document `via/key` was deleted".into(),
                ));
            }
        }
    }

    /// Text for a URL, header or cookie from which [`open`](Self::open) gets `payload` back.
    pub(crate) fn seal(&self, purpose: Purpose, payload: &[u8]) -> String {
        let mut sealed = payload.to_vec();
        sealed.extend_from_slice(&self.mac(purpose, payload).finalize().into_bytes()[..MAC_LEN]);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The payload of text that [`seal`](Self::seal) made, or `None` of any other text.
    pub(crate) fn open(&self, purpose: Purpose, sealed: &str) -> Option<Vec<u8>> {
        let mut payload = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let at = payload.len().checked_sub(MAC_LEN)?;
        let mac = payload.split_off(at);
        self.mac(purpose, &payload)
            .verify_truncated_left(&mac)
            .ok()?;
        Some(payload)
    }

    fn mac(&self, purpose: Purpose, payload: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(match purpose {
            Purpose::Cookie => b"cookie\0",
            Purpose::AttachToken => b"attach\0",
        });
        mac.update(payload);
        mac
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

    fn ring(byte: u8) -> Keyring {
        Keyring { key: [byte; 32] }
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
