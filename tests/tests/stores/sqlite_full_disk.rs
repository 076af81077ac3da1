//! A disk that is full: no commit is acknowledged without being stored, stored data can be read, and
//! when there is room again everything continues without a restart.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{Instant, sleep};
use via::store::{
    Change, Commit, CommitId, CommitOutcome, Expect, Expiry, Key, Loaded, Put, SqliteStore,
    Store as _, StoreError, Timestamp, Version, Write,
};
use via_tests::client::{Action, Answer, Tab, Visitor};
use via_tests::disk::{SmallDisk, with_mounts};
use via_tests::history::{Acknowledged, Entry, violations};
use via_tests::patience::{PATIENCE, eventually};
use via_tests::server::{Options, Program, Server};

fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

fn start(disk: &SmallDisk) -> Server {
    let program = Program::at("logbook", env!("CARGO_BIN_EXE_logbook"));
    program.start(Options::sqlite(disk.path()))
}

fn add(place: u64, number: u64) -> Action {
    let action = Action::new("Logbook::add");
    action.arg(place).arg(number).number(number)
}

#[track_caller]
fn assert_full(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.code().as_deref()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("full")),
        "{answer:?}"
    );
    assert_eq!(answer.ack(), None, "the client has to repeat it");
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
}

async fn log(visitor: &Visitor) -> Vec<Entry> {
    let page = visitor.get("/").await;
    page.assert_ok();
    Entry::all(&page.shows("log"))
}

#[test]
fn an_action_without_room_is_refused_and_the_same_request_succeeds_once_there_is_some() {
    let name = "sqlite_full_disk::an_action_without_room_is_refused_and_the_same_request_succeeds_once_there_is_some";
    with_mounts(name, || block_on(room_comes_back()));
}

async fn room_comes_back() {
    let disk = SmallDisk::mount(8 << 20);
    let mut server = start(&disk);
    let visitor = Visitor::new(server.address());
    visitor.get("/").await.assert_ok();
    let tab = visitor.attach("/").await;
    let mut stream = visitor.stream(&[&tab]).await;
    for number in 1..=3 {
        assert_eq!(tab.act(add(1, number)).await.ack(), Some(number));
    }
    stream
        .until("that shows 3", |event| event.data.contains("1:3"))
        .await;

    disk.fill();
    for _ in 0..3 {
        assert_full(&tab.act(add(1, 4)).await);
    }
    // Existing visitors can read, and new ones are served.
    assert_eq!(log(&visitor).await.len(), 3);
    let other = visitor.attach("/").await;
    visitor
        .stream(&[&other])
        .await
        .until("that shows 3", |event| event.data.contains("1:3"))
        .await;
    let guest = Visitor::new(server.address());
    assert_eq!(log(&guest).await, []);
    let guests_tab = guest.attach("/").await;
    assert_full(&guests_tab.act(add(1, 1)).await);

    // Earlier commits survive even now.
    block_in_place(|| server.kill());
    block_in_place(|| server.restart());
    assert_eq!(log(&visitor).await.len(), 3);
    assert_full(&tab.act(add(1, 4)).await);
    let mut stream = visitor.stream(&[&tab]).await;

    disk.free();
    assert_eq!(tab.act(add(1, 4)).await.ack(), Some(4));
    assert_eq!(guests_tab.act(add(1, 1)).await.ack(), Some(1));
    stream
        .until("that shows 4", |event| event.data.contains("1:4"))
        .await;
    assert_eq!(log(&visitor).await, Entry::all("1:1 1:2 1:3 1:4"));
    assert_eq!(log(&guest).await, Entry::all("1:1"));
    assert!(block_in_place(|| server.terminate()).success());
}

/// State that all tabs share.
#[derive(Default)]
struct Load {
    acknowledged: AtomicU64,
    refused: AtomicU64,
    ended: AtomicBool,
}

async fn act(tab: Tab, place: u64, load: Arc<Load>) -> Vec<Acknowledged> {
    let mut told = Vec::new();
    for number in 1.. {
        if load.ended.load(Ordering::SeqCst) {
            break;
        }
        let deadline = Instant::now() + PATIENCE;
        let revision = loop {
            let answer = tab.act(add(place, number)).await;
            if answer.ack() == Some(number) {
                assert!(answer.status.is_success(), "{answer:?}");
                break answer.revision().unwrap();
            }
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
            assert!(Instant::now() < deadline, "there is room: {answer:?}");
            load.refused.fetch_add(1, Ordering::SeqCst);
            // The client waits too, so that it does not hammer the server.
            sleep(Duration::from_millis(5)).await;
        };
        load.acknowledged.fetch_add(1, Ordering::SeqCst);
        let entry = Entry { tab: place, number };
        told.push(Acknowledged { entry, revision });
    }
    told
}

#[test]
fn a_disk_that_is_filled_and_emptied_under_load_loses_and_doubles_nothing() {
    let name =
        "sqlite_full_disk::a_disk_that_is_filled_and_emptied_under_load_loses_and_doubles_nothing";
    with_mounts(name, || block_on(filled_and_emptied()));
}

async fn filled_and_emptied() {
    const ROUNDS: usize = 20;
    let disk = SmallDisk::mount(64 << 20);
    let mut server = start(&disk);
    let load = Arc::<Load>::default();
    let mut sessions = Vec::new();
    for _ in 0..4 {
        let visitor = Visitor::new(server.address());
        visitor.get("/").await.assert_ok();
        let mut tabs = JoinSet::new();
        for place in 0..3 {
            let tab = visitor.attach("/").await;
            tabs.spawn(act(tab, place, load.clone()));
        }
        sessions.push((visitor, tabs));
    }
    for _ in 0..ROUNDS {
        let until = load.acknowledged.load(Ordering::SeqCst) + 50;
        eventually("the tabs act", async || {
            (load.acknowledged.load(Ordering::SeqCst) >= until).then_some(())
        })
        .await;
        block_in_place(|| disk.fill());
        let until = load.refused.load(Ordering::SeqCst) + 30;
        eventually("the disk is full", async || {
            (load.refused.load(Ordering::SeqCst) >= until).then_some(())
        })
        .await;
        // First too little room for all, then enough.
        disk.give_back(5);
        for (visitor, _) in &sessions {
            log(visitor).await;
        }
        disk.free();
    }
    load.ended.store(true, Ordering::SeqCst);
    let mut told = Vec::new();
    for (visitor, tabs) in sessions {
        told.push((visitor, tabs.join_all().await.concat()));
    }
    // Once with the running server, and once from the log after a crash.
    for _ in 0..2 {
        for (visitor, told) in &told {
            assert_eq!(violations(&log(visitor).await, told), []);
        }
        block_in_place(|| server.kill());
        block_in_place(|| server.restart());
    }
    eprintln!(
        "the disk was full {ROUNDS} times: {} actions acknowledged, {} requests refused, 0 \
         missing, 0 doubled",
        load.acknowledged.load(Ordering::SeqCst),
        load.refused.load(Ordering::SeqCst),
    );
}

const NOW: Timestamp = Timestamp::from_millis(1);

/// Documents of 20 KB, each identified by its last commit.
struct Documents {
    keys: Vec<Key>,
    versions: Vec<Option<Version>>,
}

impl Documents {
    fn bytes(place: usize, revision: u64) -> Vec<u8> {
        format!("{place} at {revision} ").repeat(2000).into_bytes()
    }

    fn commit(&self, place: usize, id: u128) -> Commit {
        let before = self.versions[place];
        let revision = before.map_or(0, |version| version.revision) + 1;
        Commit {
            id: CommitId(id),
            now: NOW,
            writes: vec![Write {
                key: self.keys[place].clone(),
                expect: before.map_or(Expect::Absent, Expect::At),
                change: Change::Put(Put {
                    bytes: Self::bytes(place, revision).into(),
                    expiry: Expiry::NEVER,
                    owner: None,
                }),
            }],
        }
    }

    async fn assert_in(&self, store: &SqliteStore) {
        let loaded = store.load(&self.keys, NOW).await.unwrap();
        for (place, loaded) in loaded.iter().enumerate() {
            self.assert_is(place, loaded);
        }
    }

    #[track_caller]
    fn assert_is(&self, place: usize, loaded: &Loaded) {
        match (self.versions[place], loaded) {
            (None, Loaded::Absent) => {}
            (Some(version), Loaded::Found(found)) if found.version == version => {
                assert!(found.bytes == Self::bytes(place, version.revision));
            }
            (version, loaded) => panic!("{place} at {version:?} is {loaded:?}"),
        }
    }
}

#[test]
fn a_commit_that_finds_no_room_at_whatever_page_has_not_happened() {
    let name = "sqlite_full_disk::a_commit_that_finds_no_room_at_whatever_page_has_not_happened";
    with_mounts(name, || block_on(page_by_page()));
}

/// The disk is full all the time and is freed page by page, until the log is longer than one part
/// of its index can describe, and long enough to be written back.
async fn page_by_page() {
    let disk = SmallDisk::mount(160 << 20);
    let file = disk.path().join("via.db");
    let store = SqliteStore::open(&file).unwrap();
    disk.fill();
    let count = 40;
    let mut documents = Documents {
        keys: (0..count)
            .map(|i| Key::new(format!("{i}")).unwrap())
            .collect(),
        versions: vec![None; count],
    };
    let (mut done, mut full, mut unknown) = (0_u64, 0_u64, 0_u64);
    let mut longest = 0;
    let mut id = 0;
    while done < 2400 {
        id += 1;
        let place = usize::try_from(done).unwrap() % count;
        match store.commit(documents.commit(place, id)).await {
            Ok(CommitOutcome::Committed(versions)) => {
                documents.versions[place] = Some(versions[0]);
                done += 1;
            }
            refused => {
                match refused {
                    Err(StoreError::Full(_)) => full += 1,
                    Ok(CommitOutcome::Unknown) => {
                        // Once for each part that was added to the index of the log.
                        if unknown % 8 == 0 {
                            after_a_crash(&file, &documents, place).await;
                        }
                        unknown += 1;
                    }
                    other => panic!("commit {done}: {other:?}"),
                }
                let key = std::slice::from_ref(&documents.keys[place]);
                let loaded = store.load(key, NOW).await.unwrap();
                documents.assert_is(place, &loaded[0]);
                longest = longest.max(length(&file, "-wal"));
                disk.give_back(1);
            }
        }
    }
    documents.assert_in(&store).await;
    eprintln!(
        "{done} commits, {full} without room, {unknown} unknown; the log had {longest} bytes"
    );
    // Longer than the first part of its index can describe: 4062 pages.
    assert!(longest > 5000 * 4120, "{longest}");
    assert!(unknown > 0, "the index of the log had room each time");

    // The disk is full when the store is closed, and when it is opened again.
    disk.fill();
    let _ = store.close().await;
    drop(store);
    let store = SqliteStore::open(&file).unwrap();
    documents.assert_in(&store).await;
    disk.free();
    for place in 0..count {
        id += 1;
        let outcome = store.commit(documents.commit(place, id)).await.unwrap();
        let CommitOutcome::Committed(versions) = outcome else {
            panic!("{outcome:?}");
        };
        documents.versions[place] = Some(versions[0]);
    }
    documents.assert_in(&store).await;
    store.close().await.unwrap();
}

/// From these files, the store may recover the commit with the unknown outcome, and must recover all others.
async fn after_a_crash(file: &Path, documents: &Documents, place: usize) {
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("via.db");
    for suffix in ["", "-wal"] {
        let (from, to) = (file.display(), copy.display());
        std::fs::copy(format!("{from}{suffix}"), format!("{to}{suffix}")).unwrap();
    }
    let store = SqliteStore::open(&copy).unwrap();
    for (at, loaded) in (0..).zip(store.load(&documents.keys, NOW).await.unwrap()) {
        if let Loaded::Found(found) = &loaded
            && at == place
            && Some(found.version) != documents.versions[place]
        {
            let before = documents.versions[place].map_or(0, |version| version.revision);
            assert_eq!(found.version.revision, before + 1);
            assert!(found.bytes == Documents::bytes(place, before + 1));
            continue;
        }
        documents.assert_is(at, &loaded);
    }
}

fn length(file: &Path, suffix: &str) -> u64 {
    let path = format!("{}{suffix}", file.display());
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}
