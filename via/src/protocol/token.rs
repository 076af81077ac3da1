//! Attach tokens: what a document shows to act and to be shown frames, at any server.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    session::{Keyring, Purpose, SessionId},
    state::{Load, TabId},
    store::Timestamp,
};

/// One attached document: authenticated text, so that no server needs to remember it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token {
    #[serde(rename = "t")]
    pub(crate) tab: TabId,
    #[serde(rename = "l")]
    pub(crate) load: Load,
    #[serde(rename = "s")]
    pub(crate) session: SessionId,
    /// The name of the page.
    #[serde(rename = "p")]
    pub(crate) page: String,
    /// The page's path parameters.
    #[serde(rename = "v")]
    pub(crate) params: Vec<(String, String)>,
    /// The fingerprint of the page in the build that handed it out.
    #[serde(rename = "f")]
    pub(crate) fingerprint: u64,
    /// Whether the session had committed anything by then.
    #[serde(rename = "b", default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) began: bool,
    /// When it was handed out, in milliseconds since the Unix epoch.
    #[serde(rename = "i")]
    pub(crate) issued: i64,
}

impl Token {
    pub(crate) fn seal(&self, keys: &Keyring) -> String {
        let json = serde_json::to_vec(self).expect("text and numbers have a JSON form");
        keys.seal(Purpose::AttachToken, &json)
    }

    pub(crate) fn open(text: &str, keys: &Keyring) -> Option<Self> {
        let json = keys.open(Purpose::AttachToken, text)?;
        serde_json::from_slice(&json).ok()
    }

    /// Whether it is too old to be taken.
    pub(crate) fn has_expired(&self, life: Duration, now: Timestamp) -> bool {
        crate::clock::after(Timestamp::from_millis(self.issued), life) <= now
    }
}
