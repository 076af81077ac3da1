//! A file with a flipped byte or without its end: the store returns what was committed, or it
//! reports the damage. It never returns anything else.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use http::StatusCode;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use via::prelude::*;
use via::store::{
    Change, Commit, CommitId, CommitOutcome, Expect, Expiry, Key, Loaded, OpenError, Put,
    SqliteStore, Store as _, StoreError, Synchronous, Timestamp, Version, Write,
};
use via_tests::client::{Action, Visitor};
use via_tests::dice::Dice;
use via_tests::patience::PATIENCE;
use via_tests::serving::Serving;

const NOW: Timestamp = Timestamp::from_millis(1);
const POSITIONS: usize = 200;

/// One commit to one document.
#[derive(Debug)]
struct Committed {
    key: Key,
    version: Version,
    bytes: Vec<u8>,
}

/// The files of a store after its process was killed, and the commits that led to them.
struct Image {
    file: Vec<u8>,
    log: Vec<u8>,
    /// In order.
    history: Vec<Committed>,
    /// How many commits are in the file; the others are only in its log.
    written_back: usize,
}

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open_with(path, Synchronous::Normal)
}

fn log_of(file: &Path) -> PathBuf {
    format!("{}-wal", file.display()).into()
}

fn write(key: &Key, expect: Expect, bytes: Vec<u8>, id: u128) -> Commit {
    Commit {
        id: CommitId(id),
        now: NOW,
        writes: vec![Write {
            key: key.clone(),
            expect,
            change: Change::Put(Put {
                bytes: bytes.into(),
                expiry: Expiry::NEVER,
                owner: Some("somebody".into()),
            }),
        }],
    }
}

impl Image {
    async fn make() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("via.db");
        let mut dice = Dice::new(0x1dea_1dea);
        let mut history = Vec::new();
        let mut last = BTreeMap::new();

        let store = open(&file).unwrap();
        for _ in 0..500 {
            let key = dice.place(300);
            commit(&store, key, &mut dice, &mut history, &mut last).await;
        }
        store.close().await.unwrap();
        let written_back = history.len();

        let store = open(&file).unwrap();
        for _ in 0..150 {
            // Existing keys and new ones.
            let key = dice.place(350);
            commit(&store, key, &mut dice, &mut history, &mut last).await;
        }
        Self {
            file: fs::read(&file).unwrap(),
            log: fs::read(log_of(&file)).unwrap(),
            history,
            written_back,
        }
    }

    /// The numbers of commits after which the store had this content, or nothing if it never did.
    fn moment_of(&self, loaded: &BTreeMap<Key, Loaded>) -> Option<Range<usize>> {
        let mut moments = 0..self.history.len() + 1;
        for (key, loaded) in loaded {
            let mut own = self.history.iter().enumerate();
            let mut own = own.by_ref().filter(|(_, commit)| commit.key == *key);
            let from = match loaded {
                Loaded::Absent => 0,
                Loaded::Deleted => return None,
                Loaded::Found(found) => {
                    let (at, _) = own.by_ref().find(|(_, commit)| {
                        commit.version == found.version && commit.bytes == found.bytes
                    })?;
                    at + 1
                }
            };
            let until = own.next().map_or(self.history.len() + 1, |(at, _)| at + 1);
            moments = moments.start.max(from)..moments.end.min(until);
        }
        (!moments.is_empty()).then_some(moments)
    }

    fn keys(&self) -> Vec<Key> {
        let mut keys: Vec<_> = self.history.iter().map(|it| it.key.clone()).collect();
        keys.sort();
        keys.dedup();
        keys
    }
}

async fn commit(
    store: &SqliteStore,
    key: usize,
    dice: &mut Dice,
    history: &mut Vec<Committed>,
    last: &mut BTreeMap<Key, Version>,
) {
    let key = Key::new(format!("session/{key}")).unwrap();
    // Mostly small values, some over several pages, as JSON of numbers: most flips leave it valid.
    let longest = if dice.place(10) == 0 { 3000 } else { 60 };
    let numbers: Vec<_> = (0..=dice.place(longest))
        .map(|_| dice.place(1000))
        .collect();
    let bytes = format!("{numbers:?}").into_bytes();
    let expect = last.get(&key).copied().map_or(Expect::Absent, Expect::At);
    let id = history.len() as u128 * 0x0123_4567_89ab_cdef_0123_4567;
    let commit = write(&key, expect, bytes.clone(), id);
    let outcome = store.commit(commit).await.unwrap();
    let CommitOutcome::Committed(versions) = outcome else {
        panic!("{outcome:?}");
    };
    last.insert(key.clone(), versions[0]);
    history.push(Committed {
        key,
        version: versions[0],
        bytes,
    });
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    File,
    Log,
}

#[derive(Clone, Copy, Debug)]
enum Damage {
    Flipped { at: usize, mask: u8 },
    Cut { at: usize },
}

impl Damage {
    fn done_to(self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        match self {
            Self::Flipped { at, mask } => bytes[at] ^= mask,
            Self::Cut { at } => bytes.truncate(at),
        }
        bytes
    }
}

#[derive(Debug, Default)]
struct Count {
    /// The store reported the damage when it was opened.
    refused: usize,
    /// Loads of some documents reported the damage; the others worked.
    reported: usize,
    /// Everything was there.
    whole: usize,
    /// Everything was there, in the state of some commits ago.
    earlier: usize,
}

/// Opens what is left and compares every answer with what was committed.
async fn judge(image: &Image, file: &Path, place: Place, what: &str, count: &mut Count) {
    let opened = timeout(PATIENCE, {
        let file = file.to_owned();
        spawn_blocking(move || open(&file))
    });
    let opened = opened.await.expect("it opens or not").expect("no panic");
    let store = match opened {
        Ok(store) => store,
        Err(
            OpenError::Damaged { .. }
            | OpenError::NotADatabase { .. }
            | OpenError::Foreign { .. }
            | OpenError::NewerFormat { .. }
            | OpenError::Layout { .. },
        ) => {
            count.refused += 1;
            return;
        }
        Err(error) => panic!("{what}: {error:?}"),
    };
    let keys = image.keys();
    let mut loaded = BTreeMap::new();
    let mut damaged = 0;
    match timeout(PATIENCE, store.load(&keys, NOW)).await.expect(what) {
        Ok(all) => loaded.extend(keys.into_iter().zip(all)),
        Err(StoreError::Damaged(_)) => {
            for key in keys {
                match timeout(PATIENCE, store.load(std::slice::from_ref(&key), NOW)).await {
                    Ok(Ok(mut one)) => drop(loaded.insert(key, one.remove(0))),
                    Ok(Err(StoreError::Damaged(_))) => damaged += 1,
                    other => panic!("{what}: {key} loads as {other:?}"),
                }
            }
        }
        Err(error) => panic!("{what}: {error:?}"),
    }
    let moments = image.moment_of(&loaded);
    let moments = moments.unwrap_or_else(|| panic!("{what}: this was never committed"));
    let last = image.history.len();
    match place {
        Place::File => assert!(moments.contains(&last), "{what}: {moments:?} of {last}"),
        Place::Log => assert!(moments.end > image.written_back, "{what}: {moments:?}"),
    }
    if damaged > 0 {
        assert!(loaded.len() > damaged, "{what}: {damaged} are damaged");
        count.reported += 1;
    } else if moments.contains(&last) {
        count.whole += 1;
    } else {
        count.earlier += 1;
    }

    // Undamaged documents can be written.
    let found = loaded.iter().find_map(|(key, loaded)| match loaded {
        Loaded::Found(found) => Some((key, found.version)),
        Loaded::Absent | Loaded::Deleted => None,
    });
    let (key, version) = found.expect("something is left");
    let next = write(key, Expect::At(version), b"next".to_vec(), u128::MAX);
    match timeout(PATIENCE, store.commit(next)).await.expect(what) {
        Ok(CommitOutcome::Committed(_)) | Err(StoreError::Damaged(_)) => {}
        other => panic!("{what}: {other:?}"),
    }
}

async fn damaged_everywhere(place: Place) -> Count {
    let image = Image::make().await;
    let scratch = tempfile::tempdir().unwrap();
    let mut dice = Dice::new(0xbad_d15c);
    let mut count = Count::default();
    let length = match place {
        Place::File => image.file.len(),
        Place::Log => image.log.len(),
    };
    for position in 0..POSITIONS {
        // At any offset; every fourth one in the first bytes of the file or of a page.
        let at = match position % 8 {
            0 if position == 0 => 0,
            0 => dice.place(128),
            4 => dice.place(length / 4096) * 4096 + dice.place(16),
            _ => dice.place(length),
        };
        let mask = 1 << dice.place(8);
        for damage in [Damage::Flipped { at, mask }, Damage::Cut { at }] {
            let what = format!("{place:?} {damage:?}");
            let file = scratch.path().join(format!("{position}.db"));
            let (mut content, mut log) = (image.file.clone(), image.log.clone());
            match place {
                Place::File => content = damage.done_to(&content),
                Place::Log => log = damage.done_to(&log),
            }
            fs::write(&file, content).unwrap();
            fs::write(log_of(&file), log).unwrap();
            judge(&image, &file, place, &what, &mut count).await;
            for file in [&file, &log_of(&file)] {
                let _ = fs::remove_file(file);
            }
            let _ = fs::remove_file(format!("{}-shm", file.display()));
        }
    }
    eprintln!("{POSITIONS} positions in {length} bytes of the {place:?}: {count:?}");
    count
}

#[tokio::test]
async fn a_damaged_file_answers_what_was_committed_or_says_that_it_is_damaged() {
    let count = damaged_everywhere(Place::File).await;
    assert!(
        count.refused > 0 && count.reported > 0 && count.whole > 0,
        "{count:?}"
    );
    assert_eq!(count.earlier, 0);
}

#[tokio::test]
async fn a_damaged_log_answers_what_was_committed_up_to_some_moment() {
    let count = damaged_everywhere(Place::Log).await;
    assert!(count.earlier > 0, "{count:?}");
    assert_eq!(count.reported, 0);
}

#[tokio::test]
async fn the_check_finds_what_was_never_committed() {
    let image = Image::make().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("via.db");
    fs::write(&file, &image.file).unwrap();
    fs::write(log_of(&file), &image.log).unwrap();
    let store = open(&file).unwrap();
    let keys = image.keys();
    let all = store.load(&keys, NOW).await.unwrap();
    let whole: BTreeMap<_, _> = keys.iter().cloned().zip(all).collect();
    assert!(image.moment_of(&whole).is_some());

    let swapped = {
        let mut swapped = whole.clone();
        let (one, other) = (whole[&keys[0]].clone(), whole[&keys[1]].clone());
        swapped.insert(keys[0].clone(), other);
        swapped.insert(keys[1].clone(), one);
        swapped
    };
    assert_eq!(
        image.moment_of(&swapped),
        None,
        "one session's bytes under another's key"
    );

    let mut changed = whole.clone();
    if let Some(Loaded::Found(found)) = changed.get_mut(&keys[0]) {
        let mut bytes = found.bytes.to_vec();
        bytes[1] ^= 1;
        found.bytes = bytes.into();
    }
    assert_eq!(image.moment_of(&changed), None, "a byte that was flipped");

    let newest = image.history.last().unwrap();
    let oldest = &image.history[0];
    assert_ne!(newest.key, oldest.key);
    let mut lost = whole;
    lost.insert(oldest.key.clone(), Loaded::Absent);
    assert_eq!(
        image.moment_of(&lost),
        None,
        "one is lost and a later one is there"
    );
}

#[via::page("/")]
struct Note {
    #[state]
    text: String,
}

#[via::actions]
impl Note {
    fn write(&mut self, text: String) {
        self.text = text;
    }
}

impl View for Note {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! { output id="text" { (self.text) } }
    }
}

async fn note(visitor: &Visitor, text: &str) {
    let tab = visitor.attach("/").await;
    let answer = tab.act(Action::new("Note::write").arg(text)).await;
    assert_eq!(answer.ack(), Some(1), "{answer:?}");
}

#[tokio::test]
async fn a_session_with_a_flipped_byte_is_set_aside_and_all_others_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("via.db");
    let app = || via::App::new().store(open(&file).unwrap()).page::<Note>();
    let server = Serving::start(app()).await;
    let (unlucky, other) = (server.visit("/").await, server.visit("/").await);
    note(&unlucky, "pay 1000 to Ann").await;
    note(&other, "pay 2000 to Ben").await;
    server.stop().await;

    let mut content = fs::read(&file).unwrap();
    let places: Vec<_> = content
        .windows(4)
        .enumerate()
        .filter(|(_, bytes)| bytes == b"1000")
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty(), "the note is in the file");
    for at in places {
        content[at] = b'9';
    }
    fs::write(&file, content).unwrap();

    let server = Serving::start(app()).await;
    let (unlucky, other) = (unlucky.at(server.address()), other.at(server.address()));
    for _ in 0..2 {
        let page = unlucky.get("/").await;
        assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR, "{page:?}");
        assert_eq!(page.header("set-cookie"), None, "the session is kept");
        assert!(!page.text().contains("Ann"), "{}", page.text());
        let attached = unlucky.try_attach("/").await;
        assert_eq!(attached.code().as_deref(), Some("damaged"), "{attached:?}");

        assert_eq!(other.get("/").await.shows("text"), "pay 2000 to Ben");
        note(&other, "pay 2000 to Ben").await;
        note(&server.visit("/").await, "pay 3000 to Cleo").await;
    }
    server.stop().await;
}
