//! Commits per second of each store, at 1 and 64 callers, with documents of 200 bytes.
//!
//! Each caller has a document of its own and replaces it again and again by compare-and-set.
//! `one_transaction_per_write` is what group commit is measured against: plain SQLite, flushed to
//! the disk for every write.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use divan::{Bencher, counter::ItemsCount};
use rusqlite::{Connection, params};
use tokio::{runtime::Runtime, task::JoinSet};
use via::store::{
    Change, Commit, CommitId, CommitOutcome, Expect, Expiry, Key, MemoryStore, Put, SqliteStore,
    Store, Synchronous, Timestamp, Version, Write,
};

const CALLERS: [usize; 2] = [1, 64];
const BYTES: [u8; 200] = [b'x'; 200];

fn main() {
    divan::main();
}

#[divan::bench(args = CALLERS, sample_count = 20, sample_size = 1)]
fn memory(bencher: Bencher<'_, '_>, callers: usize) {
    commits(bencher, callers, 100_000, MemoryStore::new);
}

#[divan::bench(args = CALLERS, sample_count = 10, sample_size = 1)]
fn sqlite_full(bencher: Bencher<'_, '_>, callers: usize) {
    let scratch = Scratch::new();
    let each = if callers == 1 { 1000 } else { 40_000 };
    commits(bencher, callers, each, || {
        SqliteStore::open(scratch.file()).expect("the file can be made")
    });
}

#[divan::bench(args = CALLERS, sample_count = 10, sample_size = 1)]
fn sqlite_normal(bencher: Bencher<'_, '_>, callers: usize) {
    let scratch = Scratch::new();
    let each = if callers == 1 { 5000 } else { 40_000 };
    commits(bencher, callers, each, || {
        SqliteStore::open_with(scratch.file(), Synchronous::Normal).expect("the file can be made")
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn one_transaction_per_write(bencher: Bencher<'_, '_>) {
    const WRITES: usize = 1000;
    let scratch = Scratch::new();
    let connection = Connection::open(scratch.file()).expect("the file can be made");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA wal_autocheckpoint = 10000;
             CREATE TABLE document (key TEXT PRIMARY KEY, revision INTEGER, bytes BLOB)
             WITHOUT ROWID;
             INSERT INTO document VALUES ('key', 0, x'');",
        )
        .expect("the table can be made");
    let mut revision = 0;
    bencher.counter(ItemsCount::new(WRITES)).bench_local(|| {
        for _ in 0..WRITES {
            let changed = connection
                .prepare_cached(
                    "UPDATE document SET revision = revision + 1, bytes = ?3
                     WHERE key = ?1 AND revision = ?2",
                )
                .and_then(|mut update| update.execute(params!["key", revision, &BYTES[..]]))
                .expect("the write succeeds");
            assert_eq!(changed, 1);
            revision += 1;
        }
    });
}

fn commits<S: Store>(bencher: Bencher<'_, '_>, callers: usize, total: usize, open: impl Fn() -> S) {
    let runtime = Runtime::new().expect("the runtime starts");
    let store = std::sync::Arc::new(open());
    let mut documents: Vec<(Key, Expect)> = (0..callers)
        .map(|caller| format!("caller/{caller}"))
        .map(|name| (Key::new(name).expect("it is short"), Expect::Absent))
        .collect();
    let each = total / callers;
    bencher
        .counter(ItemsCount::new(each * callers))
        .bench_local(|| {
            documents = runtime.block_on(async {
                let mut tasks = JoinSet::new();
                for (key, expect) in documents.drain(..) {
                    let store = store.clone();
                    tasks.spawn(async move {
                        let last = replace(&*store, &key, expect, each).await;
                        (key, Expect::At(last))
                    });
                }
                tasks.join_all().await
            });
        });
    runtime.block_on(store.close()).expect("it closes");
}

/// Commits a document `times` times.
async fn replace(store: &impl Store, key: &Key, mut expect: Expect, times: usize) -> Version {
    let bytes = bytes::Bytes::from_static(&BYTES);
    let mut last = None;
    for i in 0..times {
        let expiry = Expiry {
            idle_until: Timestamp::from_millis(1_000_000),
            absolute: Timestamp::NEVER,
        };
        let put = Put {
            bytes: bytes.clone(),
            expiry,
            owner: None,
        };
        let write = Write {
            key: key.clone(),
            expect,
            change: Change::Put(put),
        };
        let commit = Commit {
            id: CommitId(i as u128),
            now: Timestamp::from_millis(0),
            writes: vec![write],
        };
        match store.commit(commit).await {
            Ok(CommitOutcome::Committed(versions)) => {
                expect = Expect::At(versions[0]);
                last = Some(versions[0]);
            }
            other => panic!("{other:?}"),
        }
    }
    last.expect("there was a commit")
}

/// A directory that ends with the benchmark, on the disk of the build.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bench-{}-{number}", std::process::id());
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).expect("the directory can be made");
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("store.db")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
