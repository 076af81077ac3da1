//! The document of a session: its state, its tabs and their last actions, committed together.

use std::{cell::Cell, collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap as _,
};
use serde_json::{error::Category, value::RawValue};

use super::{
    Fields, compress,
    values::{Values, take, take_or_default},
};
use crate::{
    clock,
    command::Command,
    limits,
    random::random,
    session::SecretHash,
    store::{CommitId, MAX_DOCUMENT, Timestamp},
};

/// The format of documents that this build reads and writes.
const FORMAT: u64 = 1;

/// How many tabs a document remembers. A new tab replaces the one that was idle for the longest time.
const MAX_TABS: usize = 64;

/// How many of its latest commits a document lists.
pub(crate) const RECENT: usize = 8;

/// The largest buffer, in bytes, that a thread keeps to encode its next document.
const ROOM: usize = 16 * 1024;

/// The document of one session.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) secret: SecretHash,
    /// The secret before the latest rotation; boxed, because most sessions have none.
    pub(crate) previous: Option<Box<PreviousSecret>>,
    pub(crate) created: Timestamp,
    /// When all state was forgotten last, because of a log-out or another principal; 0 for never.
    pub(crate) anew: Timestamp,
    /// The fields that the tabs of the session share.
    pub(crate) fields: Fields,
    /// Shared with the document that this one was copied from.
    pub(crate) tabs: BTreeMap<TabId, Arc<TabRecord>>,
    /// A tab without a record may have been forgotten if its load was issued no later than this.
    pub(crate) forgotten: Timestamp,
    /// The latest commits, oldest first. They show whether a commit with an unknown outcome succeeded.
    recent: Vec<u64>,
    /// Members that only other versions of this format know.
    unknown: Values,
}

/// A secret that was replaced. It gives no access. It only distinguishes browsers whose request
/// crossed the rotation from strangers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PreviousSecret {
    pub(crate) secret: SecretHash,
    /// When it was replaced, in milliseconds since the Unix epoch.
    pub(crate) at: i64,
    /// The action that replaced it. Its repetition is answered with another new secret, because the
    /// answer with the first one may have been lost.
    pub(crate) tab: TabId,
    /// The number of that action; [`NO_ACTION`](Self::NO_ACTION) once the new secret was used.
    pub(crate) number: u64,
}

impl PreviousSecret {
    /// No action has this number, because tabs count from 1. Older builds, too, hand out nothing then.
    const NO_ACTION: u64 = 0;

    /// Whether the secret was replaced a moment ago, so that requests with it may still be under way.
    pub(crate) fn is_recent(&self, now: Timestamp) -> bool {
        now < clock::after(Timestamp::from_millis(self.at), limits::ROTATION)
    }

    /// Whether the answer with the new secret may have been lost a moment ago.
    pub(crate) fn awaits_first_use(&self, now: Timestamp) -> bool {
        self.number != Self::NO_ACTION && self.is_recent(now)
    }
}

/// The id of a tab: 64 random bits, which the server issues to each live document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TabId(u64);

/// The record of one tab.
#[derive(Clone, Debug)]
pub(crate) struct TabRecord {
    /// Which load of the tab acted last.
    pub(crate) load: Load,
    /// The number of its last handled action. The next fields are the digest and outcome of that action.
    pub(crate) number: u64,
    pub(crate) digest: u64,
    outcome: Box<RawValue>,
    /// When the action was handled.
    pub(crate) at: i64,
    /// The fields that belong only to this tab.
    pub(crate) fields: Fields,
    carried: Option<Carried>,
    /// Members that only other versions of this format know, here and in `load`.
    unknown: Values,
    unknown_of_load: Values,
}

/// The signals that a tab sent with its last action, and whether they have the same values after it.
/// This tells the server that holds the stream of the tab what the browser shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Carried {
    /// The number of the action. It differs from that of the record if an older build handled a later
    /// action, because such a build does not know this member.
    #[serde(default)]
    pub(crate) number: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) same: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) differ: Vec<String>,
}

/// One load of a document in a tab. Each reload is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    /// Increases with every load of the tab.
    pub(crate) epoch: u32,
    /// Distinguishes loads that were issued for the same epoch.
    pub(crate) nonce: u32,
    /// When it was issued, in milliseconds since the Unix epoch; never earlier than the load before it.
    pub(crate) since: i64,
}

/// The outcome of an action, which also answers a repetition of the action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Applied {
        revision: u64,
        #[serde(
            default,
            skip_serializing_if = "Vec::is_empty",
            deserialize_with = "known_commands"
        )]
        commands: Vec<Command>,
    },
    Refused {
        message: String,
        #[serde(default, skip_serializing_if = "RefusedBy::is_app")]
        by: RefusedBy,
    },
}

/// What refused an action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefusedBy {
    /// The code of the action.
    #[default]
    App,
    /// Another user is logged in than the one whom the tab showed.
    Identity,
    /// This build, because another one rendered the page.
    Build,
}

impl RefusedBy {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_app(&self) -> bool {
        *self == Self::App
    }
}

/// Reads the commands that this build knows, and skips those of newer builds. So this build can still
/// tell that the action was done.
fn known_commands<'de, D: Deserializer<'de>>(list: D) -> Result<Vec<Command>, D::Error> {
    let list = Vec::<serde_json::Value>::deserialize(list)?;
    let known = list
        .into_iter()
        .filter_map(|command| serde_json::from_value(command).ok());
    Ok(known.collect())
}

/// Why bytes from the store are not a document.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentError {
    #[error("a document has format {found}, which is newer than this build's {known}")]
    Newer { found: u64, known: u64 },
    // Without the text of the error, which quotes values.
    #[error("a document cannot be read: {}", json_fault(.0))]
    Damaged(#[from] serde_json::Error),
    #[error("a stored document unpacks to {0} bytes, and none has more than {MAX_DOCUMENT}")]
    Large(u64),
    #[error("a stored document is compressed and cannot be unpacked")]
    Frame,
}

/// What is wrong with JSON, without a word of its content.
fn json_fault(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        Category::Eof => "its JSON ends too early",
        Category::Syntax => "it is not JSON",
        Category::Data => "a part of it is missing or has another type",
        Category::Io => "its bytes cannot be read",
    }
}

/// A document for the store.
#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    /// The bytes to store, perhaps compressed.
    pub(crate) bytes: Bytes,
    /// The size of the document before compression. The limit applies to this size.
    pub(crate) size: usize,
}

impl Encoded {
    pub(super) fn of(document: &impl Serialize) -> Self {
        thread_local! {
            static JSON: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
        }

        let mut json = JSON.take();
        json.clear();
        serde_json::to_writer(&mut json, document)
            .expect("text, numbers and JSON always have a JSON form");
        let encoded = Self {
            size: json.len(),
            bytes: compress::pack(&json),
        };
        if json.capacity() <= ROOM {
            JSON.set(json);
        }
        encoded
    }
}

/// Reads the members of a stored document, if its format is not newer than `known`.
pub(super) fn open(bytes: &[u8], known: u64) -> Result<Values, DocumentError> {
    let mut parts: Values = serde_json::from_slice(&compress::unpack(bytes)?)?;
    let found: u64 = take(&mut parts, "format")?;
    if found > known {
        return Err(DocumentError::Newer { found, known });
    }
    Ok(parts)
}

impl Document {
    /// Creates the document of a session, for its first commit.
    pub(crate) fn new(secret: SecretHash, created: Timestamp) -> Self {
        Self {
            secret,
            previous: None,
            created,
            anew: Timestamp::from_millis(0),
            fields: Fields::new(),
            tabs: BTreeMap::new(),
            forgotten: Timestamp::from_millis(0),
            recent: Vec::new(),
            unknown: Values::new(),
        }
    }

    /// Forgets all state, but not the last actions of the tabs, so that no action runs twice.
    pub(crate) fn begin_anew(&mut self, now: Timestamp) {
        self.created = now;
        let later = self.anew.as_millis().saturating_add(1);
        self.anew = now.max(Timestamp::from_millis(later));
        self.fields = Fields::new();
        self.unknown.clear();
        for record in self.tabs.values_mut() {
            let record = Arc::make_mut(record);
            record.fields = Fields::new();
            record.unknown.clear();
        }
    }

    /// Decodes bytes that [`encode`](Self::encode) made, in this build or another.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut parts = open(bytes, FORMAT)?;
        let records: BTreeMap<TabId, Values> = take_or_default(&mut parts, "tabs")?;
        let tabs = records
            .into_iter()
            .map(|(tab, record)| Ok((tab, Arc::new(TabRecord::read(record)?))))
            .collect::<Result<_, serde_json::Error>>()?;
        Ok(Self {
            secret: take(&mut parts, "secret")?,
            previous: take_or_default(&mut parts, "previous")?,
            created: Timestamp::from_millis(take(&mut parts, "created")?),
            anew: Timestamp::from_millis(take_or_default(&mut parts, "anew")?),
            forgotten: Timestamp::from_millis(take_or_default(&mut parts, "forgotten")?),
            fields: Fields::take(&mut parts)?,
            tabs,
            recent: take_or_default(&mut parts, "recent")?,
            unknown: parts.rest(),
        })
    }

    /// Encodes the document for the store.
    pub(crate) fn encode(&self) -> Encoded {
        Encoded::of(self)
    }

    /// The holder of the secret has used it, so its answer was not lost. The previous secret gets no
    /// other one from now on.
    pub(crate) fn note_first_use(&mut self) {
        if let Some(previous) = &mut self.previous {
            previous.number = PreviousSecret::NO_ACTION;
        }
    }

    /// Adds the commit that writes this document to its latest commits.
    pub(crate) fn made_for(&mut self, commit: CommitId) {
        if self.recent.len() >= RECENT {
            self.recent.drain(..=self.recent.len() - RECENT);
        }
        // The server keeps many documents, so this adds no spare capacity.
        self.recent.reserve_exact(1);
        self.recent.push(commit.mark());
    }

    /// Whether this commit is one of the latest.
    pub(crate) fn comes_from(&self, commit: CommitId) -> bool {
        self.recent.contains(&commit.mark())
    }

    /// Whether the commit certainly is missing. `ago` is how many commits ago it would have happened. If
    /// the document does not list so many commits, this is unknown and the answer is false.
    pub(crate) fn misses(&self, commit: CommitId, ago: u64) -> bool {
        let named = u64::try_from(self.recent.len()).unwrap_or(0);
        ago < named && !self.comes_from(commit)
    }

    /// Records the last action of a tab. If there are too many tabs, forgets the one that was idle for
    /// the longest time.
    pub(crate) fn record(&mut self, tab: TabId, mut record: TabRecord) {
        if let Some(before) = self.tabs.remove(&tab) {
            // If two loads follow the same load, the older one may act last. Once the tab is
            // forgotten, neither may act again.
            record.load.since = record.load.since.max(before.load.since);
            record.unknown.clone_from(&before.unknown);
            record.unknown_of_load.clone_from(&before.unknown_of_load);
        }
        self.tabs.insert(tab, Arc::new(record));
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

impl TabRecord {
    /// The record of a tab that acts.
    pub(crate) fn new(
        load: Load,
        number: u64,
        digest: u64,
        outcome: &Outcome,
        at: i64,
        fields: Fields,
    ) -> Self {
        let outcome = serde_json::value::to_raw_value(outcome)
            .expect("text and numbers always have a JSON form");
        Self {
            load,
            number,
            digest,
            outcome,
            at,
            fields,
            carried: None,
            unknown: Values::new(),
            unknown_of_load: Values::new(),
        }
    }

    /// Adds which signals still have the value that the browser sent with the action.
    pub(crate) fn with_carried(mut self, carried: Option<Carried>) -> Self {
        let number = self.number;
        self.carried = carried
            .filter(|carried| !carried.same.is_empty() || !carried.differ.is_empty())
            .map(|carried| Carried { number, ..carried });
        self
    }

    /// The signals of its last action.
    pub(crate) fn carried(&self) -> Option<&Carried> {
        self.carried
            .as_ref()
            .filter(|carried| carried.number == self.number)
    }

    /// The same signals for the record of a later action that was refused. The server does not know what
    /// the browser shows, so all of them count as different.
    pub(crate) fn carried_and_undone(&self) -> Option<Carried> {
        let mut carried = self.carried()?.clone();
        carried.differ.append(&mut carried.same);
        Some(carried)
    }

    /// The outcome of its last action; `None` if only another build can read it.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        serde_json::from_str(self.outcome.get()).ok()
    }

    fn read(mut parts: Values) -> Result<Self, serde_json::Error> {
        let mut load: Values = take(&mut parts, "load")?;
        Ok(Self {
            load: Load {
                epoch: take(&mut load, "epoch")?,
                nonce: take(&mut load, "nonce")?,
                since: take(&mut load, "since")?,
            },
            number: take(&mut parts, "number")?,
            digest: take(&mut parts, "digest")?,
            outcome: take(&mut parts, "outcome")?,
            at: take(&mut parts, "at")?,
            fields: Fields::take(&mut parts)?,
            carried: take_or_default(&mut parts, "carried")?,
            unknown: parts.rest(),
            unknown_of_load: load.rest(),
        })
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct TabRecords<'a>(&'a BTreeMap<TabId, Arc<TabRecord>>);

        impl Serialize for TabRecords<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|(tab, record)| (tab, &**record)))
            }
        }

        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("format", &FORMAT)?;
        members.serialize_entry("secret", &self.secret)?;
        if let Some(previous) = &self.previous {
            members.serialize_entry("previous", previous)?;
        }
        members.serialize_entry("created", &self.created.as_millis())?;
        if self.anew.as_millis() != 0 {
            members.serialize_entry("anew", &self.anew.as_millis())?;
        }
        if self.forgotten.as_millis() != 0 {
            members.serialize_entry("forgotten", &self.forgotten.as_millis())?;
        }
        if !self.tabs.is_empty() {
            members.serialize_entry("tabs", &TabRecords(&self.tabs))?;
        }
        if !self.recent.is_empty() {
            members.serialize_entry("recent", &self.recent)?;
        }
        self.fields.write(&mut members)?;
        self.unknown.write(&mut members)?;
        members.end()
    }
}

impl Serialize for TabRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct WithUnknown<'a>(Load, &'a Values);

        impl Serialize for WithUnknown<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let Self(load, unknown) = self;
                let mut members = serializer.serialize_map(None)?;
                members.serialize_entry("epoch", &load.epoch)?;
                members.serialize_entry("nonce", &load.nonce)?;
                members.serialize_entry("since", &load.since)?;
                unknown.write(&mut members)?;
                members.end()
            }
        }

        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("load", &WithUnknown(self.load, &self.unknown_of_load))?;
        members.serialize_entry("number", &self.number)?;
        members.serialize_entry("digest", &self.digest)?;
        members.serialize_entry("outcome", &self.outcome)?;
        members.serialize_entry("at", &self.at)?;
        if let Some(carried) = &self.carried {
            members.serialize_entry("carried", carried)?;
        }
        self.fields.write(&mut members)?;
        self.unknown.write(&mut members)?;
        members.end()
    }
}

impl TabId {
    /// Creates an id that no other tab has.
    pub(crate) fn fresh() -> Self {
        Self::from_bytes(random())
    }

    pub(crate) fn to_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    pub(crate) fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_le_bytes(bytes))
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
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// Converts a JSON value to its stored form.
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
        let load = Load {
            epoch: 0,
            nonce: 1,
            since: at,
        };
        let outcome = Outcome::Applied {
            revision: 1,
            commands: Vec::new(),
        };
        TabRecord::new(load, 1, 2, &outcome, at, Fields::new())
    }

    fn decode(text: &str) -> Document {
        Document::decode(text.as_bytes()).unwrap()
    }

    /// A document as another build of this format might have written it, with unusual spaces everywhere.
    const STRANGE: &str = concat!(
        r#"{"format":1,"secret":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc","created":5,"tabs":{"#,
        r#""0000000000000001":{"load":{"epoch":0,"nonce":1,"since":7,"later":[ 1e2 ]},"number":1,"#,
        r#""digest":2,"outcome":{"applied" : {"revision":1,"commands":[{"do":"sing", "x":[ ]}]}},"#,
        r#""at":7,"fields":{"Other.tab":[ 1.50 ]},"aside":{"Other.tab":[1e2,{ }]},"more":{ "b" : 1.50 }}},"#,
        r#""fields":{"Other.field":{ "b" : 1.50, "a":[ 1e2 ] }},"aside":{"Other.field":[ 1e2,[ ]]},"#,
        r#""later":{ "b" : 1.50, "a":[ 1e2 ] }}"#,
    );

    #[test]
    fn what_another_build_wrote_is_kept_byte_for_byte_at_every_level() {
        let again = decode(STRANGE).encode();
        assert_eq!(
            std::str::from_utf8(&again.bytes).unwrap(),
            // This build writes the list of values that were set aside, but not the values in it.
            STRANGE.replace("[ 1e2,[ ]]", "[1e2,[ ]]"),
        );
    }

    #[test]
    fn a_tab_that_acts_keeps_what_another_build_knows_of_it() {
        let mut document = decode(STRANGE);
        document.record(TabId(1), record(9));
        let again = document.encode().bytes;
        let again = std::str::from_utf8(&again).unwrap();
        assert!(again.contains(r#""since":9,"later":[ 1e2 ]}"#), "{again}");
        assert!(again.contains(r#""more":{ "b" : 1.50 }"#), "{again}");
    }

    #[test]
    fn a_command_of_another_build_does_not_hide_that_the_action_was_done() {
        let outcome = decode(STRANGE).tabs[&TabId(1)].outcome();
        let done = Outcome::Applied {
            revision: 1,
            commands: Vec::new(),
        };
        assert_eq!(outcome, Some(done));
        let mixed = r#"[{"do":"sing"},{"do":"toast","text":"done"},{"do":"redirect","far":1},7]"#;
        let text = STRANGE.replace(r#"[{"do":"sing", "x":[ ]}]"#, mixed);
        let Some(Outcome::Applied { commands, .. }) = decode(&text).tabs[&TabId(1)].outcome()
        else {
            panic!("it is not known to be done");
        };
        let text = "done".to_owned();
        assert_eq!(commands, [Command::Toast { text }]);
    }

    #[test]
    fn an_outcome_of_another_build_is_kept_and_not_guessed() {
        let mut document = decode(&STRANGE.replace("applied", "postponed"));
        assert_eq!(document.tabs[&TabId(1)].outcome(), None);
        document.record(TabId(1), record(9));
        assert!(document.tabs[&TabId(1)].outcome().is_some());
    }

    #[test]
    fn a_large_document_is_stored_small_and_says_how_large_it_is() {
        let mut document = document();
        let value = RawValue::from_string(format!("[{}1]", "\"again\",".repeat(2000))).unwrap();
        document.fields.put("Page.list", value);
        let encoded = document.encode();
        assert!(encoded.bytes.len() * 10 < encoded.size);
        let again = Document::decode(&encoded.bytes).unwrap();
        assert_eq!(again.encode().size, encoded.size);
    }

    #[test]
    fn a_document_names_the_commits_that_made_it_and_no_older_ones() {
        let mut document = document();
        for id in 1..=12 {
            document.made_for(CommitId(id << 64));
        }
        let again = Document::decode(&document.encode().bytes).unwrap();
        let named: Vec<_> = (0..=13)
            .filter(|id| again.comes_from(CommitId(*id << 64)))
            .collect();
        assert_eq!(named, (5..=12).collect::<Vec<_>>());
    }

    #[test]
    fn an_older_build_reads_that_the_new_secret_was_used_as_no_action_to_repeat() {
        let previous = concat!(
            r#""previous":{"secret":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc","at":1000,"#,
            r#""tab":"0000000000000001","number":3}"#,
        );
        let mut document =
            decode(&STRANGE.replace(r#""created""#, &format!(r#"{previous},"created""#)));
        let awaits = |document: &Document, at| {
            let previous = document.previous.as_ref().unwrap();
            previous.awaits_first_use(Timestamp::from_millis(at))
        };
        assert!(awaits(&document, 1_000) && awaits(&document, 30_999));
        assert!(!awaits(&document, 31_000));
        document.note_first_use();
        assert!(!awaits(&document, 1_000));
        // Tabs count their actions from 1, so a build that compares numbers repeats none.
        let again = document.encode().bytes;
        let again = std::str::from_utf8(&again).unwrap();
        assert!(
            again.contains(&previous.replace(r#""number":3"#, r#""number":0"#)),
            "{again}"
        );
    }

    #[test]
    fn a_newer_format_is_refused_by_name() {
        let error = Document::decode(br#"{"format":2,"anything":0}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a document has format 2, which is newer than this build's 1"
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
        let again = Document::decode(&document.encode().bytes).unwrap();
        assert_eq!(again.forgotten.as_millis(), 100);
    }

    #[test]
    fn why_a_document_cannot_be_read_says_nothing_of_its_content() {
        for bytes in [
            r#"{"format":1,"secret":"hunter2"}"#,
            r#"{"format":"hunter2"}"#,
            r#"{"format":1,"hunter2":}"#,
            r#"{"format":1,"hunter2":"#,
        ] {
            let error = Document::decode(bytes.as_bytes()).unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with("a document cannot be read: "), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
