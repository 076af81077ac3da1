//! The document of a session: state, tabs and what they did last, committed together.

use std::{collections::BTreeMap, fmt, str::FromStr};

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer, de::Error as _};
use serde_json::value::RawValue;

use super::Fields;
use crate::{
    action::Command,
    session::{SecretHash, random},
    store::{CommitId, Timestamp},
};

/// The format of documents that this build reads and writes.
const FORMAT: u64 = 1;

/// How many tabs a document remembers. The one that was quiet for longest makes room.
const MAX_TABS: usize = 64;

/// How many of its latest commits a document names.
pub(crate) const RECENT: usize = 8;

/// Everything that is kept of one session.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) secret: SecretHash,
    /// The secret before the latest rotation.
    pub(crate) previous: Option<PreviousSecret>,
    pub(crate) created: Timestamp,
    /// What the session's tabs share.
    pub(crate) fields: Fields,
    /// Values that could not be decoded when their field was written again.
    pub(crate) aside: Fields,
    pub(crate) tabs: BTreeMap<TabId, TabRecord>,
    /// A tab without a record whose load was handed out up to then may have been forgotten.
    pub(crate) forgotten: Timestamp,
    /// The latest commits, oldest first: who was not told what became of a commit looks here.
    recent: Vec<u64>,
    /// What another version of this format keeps beside.
    unknown: Fields,
}

/// A secret that was replaced. It opens nothing; it tells those whose request crossed the rotation
/// from strangers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PreviousSecret {
    pub(crate) secret: SecretHash,
    /// When it was replaced, in milliseconds since the Unix epoch.
    pub(crate) at: i64,
    /// The action that replaced it: its repetition is answered with a new secret, because nobody
    /// else knows it.
    pub(crate) tab: TabId,
    pub(crate) number: u64,
}

/// The id of a tab: 64 random bits, handed to a live document by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TabId(u64);

/// What is kept of one tab.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TabRecord {
    /// Which load of the tab acted last.
    pub(crate) load: Load,
    /// The number of its last handled action, and what became of it.
    pub(crate) number: u64,
    pub(crate) digest: u64,
    pub(crate) outcome: Outcome,
    /// When that was.
    pub(crate) at: i64,
    /// What is the tab's alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) fields: Fields,
}

/// One load of a document in a tab: a reload is the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Load {
    /// Rises with every load of the tab.
    pub(crate) epoch: u32,
    /// Tells loads apart that were handed out for the same epoch.
    pub(crate) nonce: u32,
    /// When it was handed out, in milliseconds since the Unix epoch; never earlier than the load
    /// before it.
    pub(crate) since: i64,
}

/// What became of an action: what its repetition is answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Applied {
        revision: u64,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        commands: Vec<Command>,
    },
    Refused {
        message: String,
    },
}

/// Why bytes of the store are not a document.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentError {
    #[error("a session document has format {0}, which is newer than this build's {FORMAT}")]
    Newer(u64),
    #[error("a session document cannot be read: {0}")]
    Damaged(#[from] serde_json::Error),
}

/// The parts of a document, for writing.
#[derive(Serialize)]
struct Parts<'a> {
    format: u64,
    secret: &'a SecretHash,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<&'a PreviousSecret>,
    created: i64,
    #[serde(skip_serializing_if = "is_zero")]
    forgotten: i64,
    fields: &'a Fields,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    aside: &'a Fields,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tabs: &'a BTreeMap<TabId, TabRecord>,
    #[serde(skip_serializing_if = "<[u64]>::is_empty")]
    recent: &'a [u64],
    #[serde(flatten, serialize_with = "raw_entries")]
    unknown: &'a Fields,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

fn raw_entries<S: Serializer>(fields: &Fields, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(fields)
}

impl Document {
    /// The document of a session that commits for the first time.
    pub(crate) fn new(secret: SecretHash, created: Timestamp) -> Self {
        Self {
            secret,
            previous: None,
            created,
            fields: Fields::new(),
            aside: Fields::new(),
            tabs: BTreeMap::new(),
            forgotten: Timestamp::from_millis(0),
            recent: Vec::new(),
            unknown: Fields::new(),
        }
    }

    /// Forgets all state. What the tabs did stays known, so that nothing is done twice.
    pub(crate) fn begin_anew(&mut self, now: Timestamp) {
        self.created = now;
        self.fields.clear();
        self.aside.clear();
        self.unknown.clear();
        for record in self.tabs.values_mut() {
            record.fields.clear();
        }
    }

    /// Reads what [`encode`](Self::encode) wrote, in this build or another.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut parts: Fields = serde_json::from_slice(bytes)?;
        let format: u64 = take(&mut parts, "format")?;
        if format > FORMAT {
            return Err(DocumentError::Newer(format));
        }
        Ok(Self {
            secret: take(&mut parts, "secret")?,
            previous: take_or_default(&mut parts, "previous")?,
            created: Timestamp::from_millis(take(&mut parts, "created")?),
            forgotten: Timestamp::from_millis(take_or_default(&mut parts, "forgotten")?),
            fields: take(&mut parts, "fields")?,
            aside: take_or_default(&mut parts, "aside")?,
            tabs: take_or_default(&mut parts, "tabs")?,
            recent: take_or_default(&mut parts, "recent")?,
            unknown: parts,
        })
    }

    /// The bytes for the store.
    pub(crate) fn encode(&self) -> Bytes {
        let parts = Parts {
            format: FORMAT,
            secret: &self.secret,
            previous: self.previous.as_ref(),
            created: self.created.as_millis(),
            forgotten: self.forgotten.as_millis(),
            fields: &self.fields,
            aside: &self.aside,
            tabs: &self.tabs,
            recent: &self.recent,
            unknown: &self.unknown,
        };
        serde_json::to_vec(&parts)
            .expect("text, numbers and JSON always have a JSON form")
            .into()
    }

    /// Names the commit that this document is made for.
    pub(crate) fn made_for(&mut self, commit: CommitId) {
        if self.recent.len() >= RECENT {
            self.recent.drain(..=self.recent.len() - RECENT);
        }
        self.recent.push(mark(commit));
    }

    /// Whether this commit is one of the latest.
    pub(crate) fn comes_from(&self, commit: CommitId) -> bool {
        self.recent.contains(&mark(commit))
    }

    /// Puts down what a tab did, and forgets the tab that was quiet for longest if there are too
    /// many.
    pub(crate) fn record(&mut self, tab: TabId, mut record: TabRecord) {
        if let Some(before) = self.tabs.remove(&tab) {
            // Of two loads with one parent, the one that acts later may be the older one; once
            // the tab is forgotten, neither may act again.
            record.load.since = record.load.since.max(before.load.since);
        }
        self.tabs.insert(tab, record);
        while self.tabs.len() > MAX_TABS {
            let quiet = self
                .tabs
                .iter()
                .filter(|(id, _)| **id != tab)
                .min_by_key(|(_, record)| record.at)
                .map(|(id, _)| *id);
            let Some(record) = quiet.and_then(|id| self.tabs.remove(&id)) else {
                break;
            };
            self.forgotten = self
                .forgotten
                .max(Timestamp::from_millis(record.load.since));
        }
    }
}

/// Half of an id is enough to tell a few commits apart.
fn mark(commit: CommitId) -> u64 {
    u64::try_from(commit.0 >> 64).unwrap_or_default()
}

pub(super) fn take<T: for<'de> Deserialize<'de>>(
    parts: &mut Fields,
    name: &'static str,
) -> Result<T, serde_json::Error> {
    match parts.remove(name) {
        Some(json) => serde_json::from_str(json.get()),
        None => Err(serde_json::Error::missing_field(name)),
    }
}

pub(super) fn take_or_default<T: for<'de> Deserialize<'de> + Default>(
    parts: &mut Fields,
    name: &str,
) -> Result<T, serde_json::Error> {
    parts
        .remove(name)
        .map_or_else(|| Ok(T::default()), |json| serde_json::from_str(json.get()))
}

impl TabId {
    /// An id that no tab had before.
    pub(crate) fn fresh() -> Self {
        Self(u64::from_le_bytes(random()))
    }
}

impl fmt::Display for TabId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for TabId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl Serialize for TabId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TabId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// A JSON value as it is stored.
pub(crate) fn raw(value: &serde_json::Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("a JSON value has a JSON form")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Secret;

    fn document() -> Document {
        Document::new(Secret([7; 32]).hash(), Timestamp::from_millis(5))
    }

    fn record(at: i64) -> TabRecord {
        TabRecord {
            load: Load {
                epoch: 0,
                nonce: 1,
                since: at,
            },
            number: 1,
            digest: 2,
            outcome: Outcome::Applied {
                revision: 1,
                commands: Vec::new(),
            },
            at,
            fields: Fields::new(),
        }
    }

    #[test]
    fn what_another_version_wrote_is_kept_byte_for_byte() {
        let mut fields: Fields = serde_json::from_slice(&document().encode()).unwrap();
        let strange = r#"{ "b" : 1.50, "a":[ 1e2 ] }"#;
        let raw = |json: &str| RawValue::from_string(json.to_owned()).unwrap();
        fields.insert("later".into(), raw(strange));
        fields.insert(
            "fields".into(),
            raw(&format!(r#"{{"Other.field":{strange}}}"#)),
        );
        let bytes = serde_json::to_vec(&fields).unwrap();

        let again = Document::decode(&bytes).unwrap().encode();

        let again: Fields = serde_json::from_slice(&again).unwrap();
        assert_eq!(again["later"].get(), strange);
        let inner: Fields = serde_json::from_str(again["fields"].get()).unwrap();
        assert_eq!(inner["Other.field"].get(), strange);
    }

    #[test]
    fn a_document_names_the_commits_that_made_it_and_no_older_ones() {
        let mut document = document();
        for id in 1..=12 {
            document.made_for(CommitId(id << 64));
        }
        let again = Document::decode(&document.encode()).unwrap();
        let named: Vec<_> = (0..=13)
            .filter(|id| again.comes_from(CommitId(*id << 64)))
            .collect();
        assert_eq!(named, (5..=12).collect::<Vec<_>>());
    }

    #[test]
    fn a_newer_format_is_refused_by_name() {
        let error = Document::decode(br#"{"format":2,"anything":0}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a session document has format 2, which is newer than this build's 1"
        );
    }

    #[test]
    fn the_tab_that_was_quiet_for_longest_is_forgotten_and_the_document_knows() {
        let mut document = document();
        for at in 0..=i64::try_from(MAX_TABS).unwrap() {
            document.record(TabId(u64::try_from(at).unwrap()), record(100 + at));
        }
        assert_eq!(document.tabs.len(), MAX_TABS);
        assert!(!document.tabs.contains_key(&TabId(0)));
        assert_eq!(document.forgotten.as_millis(), 100);
        let again = Document::decode(&document.encode()).unwrap();
        assert_eq!(again.forgotten.as_millis(), 100);
    }
}
