//! Attach tokens. With its token, a document can send actions to any server, and receive frames.

use std::time::Duration;

use crate::{
    session::{Keyring, Purpose, SessionId},
    state::{Load, TabId},
    store::Timestamp,
};

/// The first byte of a token. A text with another first byte is not a token of this build.
const FORMAT: u8 = 1;

/// One attached document. The token is authenticated, so no server needs to remember it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) tab: TabId,
    pub(crate) load: Load,
    pub(crate) session: SessionId,
    /// The name of the page.
    pub(crate) page: String,
    /// The page's path parameters.
    pub(crate) params: Vec<(String, String)>,
    /// The fingerprint of the page in the build that issued the token.
    pub(crate) fingerprint: u64,
    /// Whether the session had committed anything when the token was issued.
    pub(crate) began: bool,
    /// When the token was issued, in milliseconds since the Unix epoch.
    pub(crate) issued: i64,
}

impl Token {
    pub(crate) fn seal(&self, keys: &Keyring) -> String {
        keys.seal(Purpose::AttachToken, &self.to_bytes())
    }

    pub(crate) fn open(text: &str, keys: &Keyring) -> Option<Self> {
        Self::from_bytes(&keys.open(Purpose::AttachToken, text)?)
    }

    /// Whether it is too old to be accepted.
    pub(crate) fn has_expired(&self, life: Duration, now: Timestamp) -> bool {
        crate::clock::after(Timestamp::from_millis(self.issued), life) <= now
    }

    /// The token as bytes: numbers in little-endian order, then texts with their lengths. It is short,
    /// because every action sends one.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(96);
        out.extend([FORMAT, u8::from(self.began)]);
        out.extend(self.tab.to_bytes());
        out.extend(self.load.epoch.to_le_bytes());
        out.extend(self.load.nonce.to_le_bytes());
        out.extend(self.load.since.to_le_bytes());
        out.extend(self.session.0);
        out.extend(self.fingerprint.to_le_bytes());
        out.extend(self.issued.to_le_bytes());
        let texts = self.params.iter().flat_map(|(name, value)| [name, value]);
        for text in std::iter::once(&self.page).chain(texts) {
            // No path is that long.
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            out.extend(length.to_le_bytes());
            out.extend(text.as_bytes());
        }
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = Rest(bytes);
        let [FORMAT, began] = rest.take()? else {
            return None;
        };
        let tab = TabId::from_bytes(rest.take()?);
        let load = Load {
            epoch: u32::from_le_bytes(rest.take()?),
            nonce: u32::from_le_bytes(rest.take()?),
            since: i64::from_le_bytes(rest.take()?),
        };
        let session = SessionId(rest.take()?);
        let fingerprint = u64::from_le_bytes(rest.take()?);
        let issued = i64::from_le_bytes(rest.take()?);
        let page = rest.text()?;
        let mut params = Vec::new();
        while !rest.0.is_empty() {
            params.push((rest.text()?, rest.text()?));
        }
        Some(Self {
            tab,
            load,
            session,
            page,
            params,
            fingerprint,
            began: began != 0,
            issued,
        })
    }
}

/// The bytes that are not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn text(&mut self) -> Option<String> {
        let length = u32::from_le_bytes(self.take()?);
        let (text, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(params: Vec<(String, String)>) -> Token {
        Token {
            tab: TabId::fresh(),
            load: Load {
                epoch: 7,
                nonce: u32::MAX,
                since: -1,
            },
            session: SessionId([9; 16]),
            page: "Töpfe".to_owned(),
            params,
            fingerprint: u64::MAX - 1,
            began: true,
            issued: i64::MAX,
        }
    }

    #[test]
    fn a_token_without_its_end_or_of_another_format_is_none() {
        let bytes = token(vec![("id".to_owned(), "7".to_owned())]).to_bytes();
        for length in 0..bytes.len() {
            let cut = Token::from_bytes(&bytes[..length]);
            // A token that is cut before its parameters is a valid token of a page without parameters.
            assert!(cut.is_none_or(|token| token.params.is_empty()), "{length}");
        }
        let mut other = bytes.clone();
        other[0] += 1;
        assert_eq!(Token::from_bytes(&other), None);
        assert_eq!(Token::from_bytes(&[bytes, vec![0]].concat()), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(params in prop::collection::vec(any::<(String, String)>(), 0..4)) {
            let token = token(params);
            prop_assert_eq!(Token::from_bytes(&token.to_bytes()), Some(token));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Token::from_bytes(&[vec![FORMAT], bytes].concat());
        }
    }
}
