//! Three builds of one page, the last, this and the next, act on the same documents in any order.
//!
//! The test keeps a log of all that was ever written, and knows from it what each build must find.
//! The documents are the real ones, encoded and decoded for every action.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::to_raw_value;

use super::change;
use crate::{
    __private::{ActionEntry, FieldReader, FieldWriter, PageDescriptor, ReadError, TypeInfo},
    field::{FieldDescriptor, FieldKind, Segment, SignalScope, StateScope},
    page::Page,
    session::Secret,
    signal::SignalValue,
    state::{
        Document, Inputs, Outcome, SharedDocument, Sources, TabId, TabRecord, Targets, VALUE, raw,
        unpack,
    },
    store::Timestamp,
};

const DOCUMENTS: u64 = 10_000;

/// What the log has to know of a field of one build.
struct Model {
    place: fn(usize) -> Place,
    /// The name of its value without a version.
    name: &'static str,
    version: u32,
    default: String,
    own: Decode,
    /// The oldest first.
    older: Vec<Decode>,
    /// Builds that give a field the same label can read each other's values of it, and no others.
    alone: Option<&'static str>,
}

/// Decodes a stored text, and encodes what became of it.
type Decode = fn(&str) -> Option<String>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Session,
    Tab(usize),
    Room,
}

trait Build: Page {
    fn models() -> Vec<Model>;
    /// The stored forms of all fields.
    fn texts(&self) -> Vec<String>;
    fn set(&mut self, field: usize, random: &mut Random);
}

/// A value of a type of the test.
trait Sample: Default {
    fn sample(random: &mut Random) -> Self;
}

const fn session(_: usize) -> Place {
    Place::Session
}

const fn tab(tab: usize) -> Place {
    Place::Tab(tab)
}

const fn room(_: usize) -> Place {
    Place::Room
}

fn state_text<T: Serialize>(value: &T) -> String {
    to_raw_value(value).unwrap().get().to_owned()
}

fn signal_text<T: SignalValue>(value: &T) -> String {
    raw(&value.encode()).get().to_owned()
}

fn decode_state<T: Serialize + DeserializeOwned>(text: &str) -> Option<String> {
    let value: T = serde_json::from_str(text).ok()?;
    Some(state_text(&value))
}

fn decode_signal<T: SignalValue>(text: &str) -> Option<String> {
    let value = serde_json::from_str(text).ok()?;
    Some(signal_text(&T::decode(&value).ok()?))
}

macro_rules! kind {
    (state session) => {
        FieldKind::State(StateScope::Session)
    };
    (state tab) => {
        FieldKind::State(StateScope::Tab)
    };
    (state room) => {
        FieldKind::State(StateScope::Shared { ttl: None })
    };
    (signal session) => {
        FieldKind::Signal(SignalScope::Session)
    };
    (signal tab) => {
        FieldKind::Signal(SignalScope::Tab)
    };
}

macro_rules! by_kind {
    (state: $state:expr, $signal:expr) => {
        $state
    };
    (signal: $state:expr, $signal:expr) => {
        $signal
    };
}

macro_rules! name {
    (room, $field:ident) => {
        VALUE
    };
    ($scope:ident, $field:ident) => {
        concat!("Page.", stringify!($field))
    };
}

macro_rules! key {
    (room, $field:ident) => {
        "room/{room}"
    };
    ($scope:ident, $field:ident) => {
        concat!("Page.", stringify!($field))
    };
}

macro_rules! segments {
    (room) => {
        &[Segment::Literal("room"), Segment::Param("room")]
    };
    ($scope:ident) => {
        &[]
    };
}

macro_rules! build {
    ($build:ident: $(
        $kind:ident($scope:ident) $field:ident: $ty:ty = $version:literal [$($migrate:path),*]
            alone $alone:expr;
    )*) => {
        #[derive(Debug)]
        struct $build { $($field: $ty),* }

        impl Page for $build {
            const DESCRIPTOR: &'static PageDescriptor = &PageDescriptor {
                name: "Page",
                route: "/",
                segments: &[],
                module: module_path!(),
                fields: &[$(FieldDescriptor {
                    name: stringify!($field),
                    key: key!($scope, $field),
                    segments: segments!($scope),
                    kind: kind!($kind $scope),
                    type_name: stringify!($ty),
                    version: $version,
                    ty: Some(TypeInfo::of::<$ty>),
                }),*],
            };

            type Handles = ();

            fn read(fields: &mut FieldReader<'_>) -> Result<Self, ReadError> {
                Ok(Self { $($field: by_kind!($kind:
                    fields.state(<$ty>::default, &[$($migrate),*]),
                    fields.signal(<$ty>::decode, <$ty>::encode, <$ty>::default)?
                )),* })
            }

            fn write(&self, fields: &mut FieldWriter) {
                $(by_kind!($kind: fields.state(&self.$field), fields.signal(self.$field.encode()));)*
            }

            fn actions() -> &'static [ActionEntry<Self>] {
                &[]
            }
        }

        impl Build for $build {
            fn models() -> Vec<Model> {
                vec![$(Model {
                    place: $scope,
                    name: name!($scope, $field),
                    version: $version,
                    default: by_kind!($kind: state_text, signal_text)(&<$ty>::default()),
                    own: by_kind!($kind: decode_state::<$ty>, decode_signal::<$ty>),
                    older: vec![$(|text| $migrate(text).ok().map(|value| state_text(&value))),*],
                    alone: $alone,
                }),*]
            }

            fn texts(&self) -> Vec<String> {
                vec![$(by_kind!($kind: state_text, signal_text)(&self.$field)),*]
            }

            fn set(&mut self, field: usize, random: &mut Random) {
                let setters: &[fn(&mut Self, &mut Random)] = &[
                    $(|page, random| page.$field = Sample::sample(random)),*
                ];
                setters[field](self, random);
            }
        }
    };
}

build! { Last:
    state(session) count: i64 = 1 [] alone Some("i64");
    state(session) size: String = 1 [] alone Some("text");
    state(session) wide: i64 = 1 [] alone None;
    state(session) price: u32 = 1 [] alone Some("u32");
    state(session) item: last::Item = 1 [] alone None;
    state(session) mode: last::Mode = 1 [] alone None;
    state(session) old: bool = 1 [] alone Some("bool");
    signal(session) zoom: i64 = 1 [] alone None;
    state(tab) draft: String = 1 [] alone None;
    signal(tab) open: bool = 1 [] alone Some("bool");
    state(room) room: u32 = 1 [] alone Some("u32");
}

build! { This:
    state(session) count: i64 = 1 [] alone Some("i64");
    state(session) size: u32 = 1 [] alone Some("u32");
    state(session) wide: u8 = 1 [] alone None;
    state(session) price: String = 2 [price_2_of_1] alone Some("text");
    state(session) item: this::Item = 1 [] alone None;
    state(session) mode: this::Mode = 1 [] alone None;
    state(session) old: bool = 1 [] alone Some("bool");
    state(session) new: String = 1 [] alone Some("text");
    signal(session) zoom: String = 1 [] alone None;
    state(tab) draft: Option<String> = 1 [] alone None;
    signal(tab) open: bool = 1 [] alone Some("bool");
    state(room) room: Vec<u32> = 2 [room_2_of_1] alone Some("list");
}

build! { Next:
    state(session) count: i64 = 1 [] alone Some("i64");
    state(session) size: Vec<u32> = 1 [] alone Some("list");
    state(session) wide: u64 = 1 [] alone None;
    state(session) price: Vec<String> = 3 [price_3_of_1, price_3_of_2] alone Some("list");
    state(session) item: next::Item = 1 [] alone None;
    state(session) mode: this::Mode = 1 [] alone None;
    state(session) new: bool = 1 [] alone Some("bool");
    signal(session) zoom: bool = 1 [] alone Some("bool");
    state(tab) draft: Vec<u32> = 2 [draft_2_of_1] alone Some("list");
    signal(tab) open: i64 = 1 [] alone Some("i64");
    state(room) room: String = 2 [room_text_of_1] alone Some("text");
}

mod last {
    use super::{Deserialize, Serialize};

    #[derive(Debug, Default, Serialize, Deserialize)]
    pub(super) struct Item {
        pub(super) name: String,
    }

    #[derive(Debug, Default, Serialize, Deserialize)]
    pub(super) enum Mode {
        #[default]
        Off,
        On,
    }
}

mod this {
    use super::{Deserialize, Serialize};

    #[derive(Debug, Default, Serialize, Deserialize)]
    pub(super) struct Item {
        pub(super) name: String,
        #[serde(default)]
        pub(super) done: bool,
    }

    #[derive(Debug, Default, Serialize, Deserialize)]
    pub(super) enum Mode {
        #[default]
        Off,
        On,
        Auto {
            after: u32,
        },
    }
}

mod next {
    use super::{Deserialize, Serialize};

    /// Does not read what the others write: `tags` has no default.
    #[derive(Debug, Default, Serialize, Deserialize)]
    pub(super) struct Item {
        pub(super) name: String,
        pub(super) tags: Vec<u32>,
    }
}

type Migrated<T> = Result<T, serde_json::Error>;

fn price_2_of_1(text: &str) -> Migrated<String> {
    Ok(format!("{} ct", serde_json::from_str::<u32>(text)?))
}

fn price_3_of_2(text: &str) -> Migrated<Vec<String>> {
    Ok(vec![serde_json::from_str(text)?])
}

fn price_3_of_1(text: &str) -> Migrated<Vec<String>> {
    Ok(vec![price_2_of_1(text)?])
}

fn room_2_of_1(text: &str) -> Migrated<Vec<u32>> {
    Ok(vec![serde_json::from_str(text)?])
}

fn room_text_of_1(text: &str) -> Migrated<String> {
    Ok(serde_json::from_str::<u32>(text)?.to_string())
}

/// Does not migrate `null`, which only one of the two builds of version 1 writes.
fn draft_2_of_1(text: &str) -> Migrated<Vec<u32>> {
    let text: String = serde_json::from_str(text)?;
    Ok(text.bytes().map(u32::from).collect())
}

/// Everything that was written under one name, the oldest first.
type Log = BTreeMap<(Place, String), Vec<Entry>>;

struct Entry {
    text: String,
    /// Whether who wrote later had it before them.
    superseded: bool,
}

/// The place of the latest entry that a build can read and that was not superseded.
fn readable(entries: &[Entry], decode: Decode) -> Option<usize> {
    entries
        .iter()
        .rposition(|entry| !entry.superseded && decode(&entry.text).is_some())
}

fn stored_name(model: &Model, version: u32) -> String {
    match version {
        1 => model.name.to_owned(),
        version => format!("{}@{version}", model.name),
    }
}

fn expected(log: &Log, model: &Model, tab: usize) -> String {
    let place = (model.place)(tab);
    let first = model.version - u32::try_from(model.older.len()).unwrap();
    let decoders = [&model.own].into_iter().chain(model.older.iter().rev());
    for (version, decode) in (first..=model.version).rev().zip(decoders) {
        let Some(entries) = log.get(&(place, stored_name(model, version))) else {
            continue;
        };
        match readable(entries, *decode) {
            Some(entry) => return decode(&entries[entry].text).unwrap(),
            // An own value that cannot be read is not replaced by an older one.
            None if version == model.version => break,
            None => {}
        }
    }
    model.default.clone()
}

fn write(log: &mut Log, model: &Model, tab: usize, text: String) {
    let entries = log
        .entry(((model.place)(tab), stored_name(model, model.version)))
        .or_default();
    if let Some(read) = readable(entries, model.own) {
        let used = entries[read].text.clone();
        let is_last = read + 1 == entries.len();
        for (place, entry) in entries.iter_mut().enumerate() {
            entry.superseded |= place == read || (!is_last && entry.text == used);
        }
    }
    entries.push(Entry {
        text,
        superseded: false,
    });
}

/// One session and one room, with the log of what was written.
struct World {
    session: Vec<u8>,
    room: Vec<u8>,
    log: Log,
    /// The last value of each label, for the fields whose types have nothing in common.
    alone: BTreeMap<(Place, String, &'static str), String>,
    seen: usize,
    changed: usize,
}

/// Between these, only the known parts of a document change.
const STRANGE: [&str; 4] = [
    r#""of session":{ "b" : 1.50, "a":[ 1e2 ] }"#,
    r#""of tab":[ null ,{ }]"#,
    r#""of load":"\u0041""#,
    r#""Other.field":[ 1.0 ]"#,
];

impl World {
    fn new() -> Self {
        let [of_session, of_tab, of_load, other] = STRANGE;
        let empty = Document::new(Secret([7; 32]).hash(), Timestamp::from_millis(5));
        let text = String::from_utf8(empty.encode().bytes.to_vec()).unwrap();
        let record = |tab| {
            let outcome = r#"{"unheard of":[ ]}"#;
            let load = r#""epoch":0,"nonce":0,"since":0"#;
            format!(
                r#""{:016x}":{{"load":{{{load},{of_load}}},"number":0,"digest":0,"outcome":{outcome},"at":0,{of_tab},"fields":{{{other}}}}}"#,
                tab + 1
            )
        };
        let text = text.strip_suffix('}').unwrap();
        let session = format!(
            r#"{text},"tabs":{{{},{}}},"fields":{{{other}}},{of_session}}}"#,
            record(0),
            record(1)
        );
        Self {
            session: session.into_bytes(),
            room: format!(r#"{{"format":1,"fields":{{{other}}},{of_session}}}"#).into_bytes(),
            log: Log::new(),
            alone: BTreeMap::new(),
            seen: 0,
            changed: 0,
        }
    }

    /// An action of one build: it checks what it finds, changes some fields, and commits.
    fn act<B: Build>(&mut self, random: &mut Random) {
        let models = B::models();
        let mut document = Document::decode(&self.session).unwrap();
        let room = SharedDocument::decode(&self.room).unwrap();
        let tab = usize::from(random.flip());
        let id: TabId = format!("{:016x}", tab + 1).parse().unwrap();
        let mut tab_fields = document.tabs[&id].fields.clone();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let changes = change::<B, ()>(
            Sources {
                session: &document.fields,
                tab: &tab_fields,
                shared: &[("room/{room}", &room.fields)],
                principal: None,
                params: &[],
                inputs: Inputs::none(),
            },
            |page| {
                before = page.texts();
                for field in 0..models.len() {
                    if random.below(4) == 0 {
                        page.set(field, random);
                    }
                }
                after = page.texts();
                Ok(())
            },
        );
        for (model, before) in models.iter().zip(&before) {
            let place = (model.place)(tab);
            let name = stored_name(model, model.version);
            assert_eq!(before, &expected(&self.log, model, tab), "{place:?} {name}");
            if let Some(last) = model
                .alone
                .and_then(|label| self.alone.get(&(place, name, label)))
            {
                assert_eq!(before, last);
            }
            self.seen += 1;
        }
        let mut shared = [("room/{room}", room)];
        changes.unwrap().apply(&mut Targets {
            session: &mut document,
            tab: &mut tab_fields,
            shared: &mut shared,
        });
        for (model, (before, after)) in models.iter().zip(before.into_iter().zip(after)) {
            if before != after {
                self.changed += 1;
                if let Some(label) = model.alone {
                    let name = stored_name(model, model.version);
                    let key = ((model.place)(tab), name, label);
                    self.alone.insert(key, after.clone());
                }
                write(&mut self.log, model, tab, after);
            }
        }
        if random.flip() {
            let load = document.tabs[&id].load;
            let outcome = Outcome::Refused {
                message: "no".into(),
                by: crate::state::RefusedBy::App,
            };
            document.record(id, TabRecord::new(load, 1, 1, &outcome, 1, tab_fields));
        } else {
            std::sync::Arc::make_mut(document.tabs.get_mut(&id).unwrap()).fields = tab_fields;
        }
        self.session = document.encode().bytes.to_vec();
        self.room = shared[0].1.encode().bytes.to_vec();
    }

    /// Whether what no build knows is there as it was.
    fn check_strange(&self) {
        let document = Document::decode(&self.session).unwrap();
        let text = unpack(&self.session).unwrap().into_owned();
        let text = String::from_utf8(text).unwrap();
        let room = String::from_utf8(self.room.clone()).unwrap();
        let count = |text: &str, part: &str| text.matches(part).count();
        assert_eq!(count(&text, STRANGE[0]), 1, "{text}");
        assert_eq!(count(&text, STRANGE[1]), 2, "{text}");
        assert_eq!(count(&text, STRANGE[2]), 2, "{text}");
        assert_eq!(count(&text, STRANGE[3]), 3, "{text}");
        assert_eq!(count(&room, STRANGE[0]), 1, "{room}");
        assert_eq!(count(&room, STRANGE[3]), 1, "{room}");
        assert_eq!(document.tabs.len(), 2);
    }
}

#[test]
fn builds_that_act_in_any_order_lose_nothing_that_any_of_them_wrote() {
    let workers: Vec<_> = (0..2)
        .map(|worker| {
            std::thread::spawn(move || {
                let (mut seen, mut changed) = (0, 0);
                for seed in (worker..DOCUMENTS).step_by(2) {
                    let mut random = Random(seed);
                    let mut world = World::new();
                    for _ in 0..2 + random.below(8) {
                        match random.below(3) {
                            0 => world.act::<Last>(&mut random),
                            1 => world.act::<This>(&mut random),
                            _ => world.act::<Next>(&mut random),
                        }
                    }
                    world.check_strange();
                    seen += world.seen;
                    changed += world.changed;
                }
                (seen, changed)
            })
        })
        .collect();
    let (mut seen, mut changed) = (0, 0);
    for worker in workers {
        let (some_seen, some_changed) = worker.join().unwrap();
        seen += some_seen;
        changed += some_changed;
    }
    println!("{DOCUMENTS} documents, {seen} reads as expected, {changed} changes");
    assert!(changed > 100_000, "{changed}");
}

/// A generator that gives the same numbers every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }
}

macro_rules! samples {
    ($($ty:ty: $random:ident => $sample:expr;)*) => {$(
        impl Sample for $ty {
            fn sample($random: &mut Random) -> Self {
                $sample
            }
        }
    )*};
}

samples! {
    bool: random => random.flip();
    i64: random => [-1, 7, 300, i64::MAX, i64::MIN][usize::try_from(random.below(5)).unwrap()];
    u32: random => u32::try_from(random.below(500)).unwrap();
    u8: random => u8::try_from(random.below(200)).unwrap();
    u64: random => [7, 300, u64::MAX][usize::try_from(random.below(3)).unwrap()];
    String: random => ["", "a\"\\\n\u{2028}", "true", "7", "null"][usize::try_from(random.below(5)).unwrap()].to_owned();
    Option<String>: random => random.flip().then(|| Sample::sample(random));
    Vec<u32>: random => (0..random.below(3)).map(|_| Sample::sample(random)).collect();
    Vec<String>: random => (0..random.below(3)).map(|_| Sample::sample(random)).collect();
    last::Item: random => last::Item { name: Sample::sample(random) };
    this::Item: random => this::Item { name: Sample::sample(random), done: random.flip() };
    next::Item: random => next::Item { name: Sample::sample(random), tags: Sample::sample(random) };
    last::Mode: random => if random.flip() { last::Mode::Off } else { last::Mode::On };
    this::Mode: random => match random.below(3) {
        0 => this::Mode::Off,
        1 => this::Mode::On,
        _ => this::Mode::Auto { after: Sample::sample(random) },
    };
}
