//! Commits per second of each store, at 1 and 64 callers, with documents of 200 bytes.
//!
//! Each caller has a document of its own and replaces it again and again by compare-and-set.
//! `one_transaction_per_write` is what group commit is measured against: plain SQLite, flushed to
//! the disk for every write. `redis_bare_script` is what the Redis store is measured against: the
//! least script that compares, sets and publishes, called by as many callers over one connection.
//! The server is one of the benchmark's own, without a log.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use divan::{Bencher, counter::ItemsCount};
use rusqlite::{Connection, params};
use tokio::{runtime::Runtime, task::JoinSet};
use via::store::{
    Change, Commit, CommitId, CommitOutcome, Expect, Expiry, Key, MemoryStore, Put, RedisStore,
    SqliteStore, Store, Synchronous, Timestamp, Version, Write,
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

#[divan::bench(args = CALLERS, sample_count = 10, sample_size = 1)]
fn redis(bencher: Bencher<'_, '_>, callers: usize) {
    let server = Server::start();
    let each = if callers == 1 { 5000 } else { 100_000 };
    let runtime = Runtime::new().expect("the runtime starts");
    commits_on(&runtime, bencher, callers, each, || {
        let open = RedisStore::open(&server.url);
        runtime.block_on(open).expect("the server is fit")
    });
}

#[divan::bench(args = CALLERS, sample_count = 10, sample_size = 1)]
fn redis_bare_script(bencher: Bencher<'_, '_>, callers: usize) {
    const CODE: &str = "local held = redis.call('GETRANGE', KEYS[1], 0, 7)
        if held ~= '' and held ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[2])
        redis.call('PUBLISH', 'notices', ARGV[3])
        return 1";
    let server = Server::start();
    let total = if callers == 1 { 5000 } else { 100_000 };
    let each = total / callers;
    let runtime = Runtime::new().expect("the runtime starts");
    let (connection, hash) = runtime.block_on(async {
        let client = redis::Client::open(&*server.url).expect("a URL");
        let mut connection = client
            .get_multiplexed_async_connection()
            .await
            .expect("the server answers");
        let mut load = redis::cmd("SCRIPT");
        load.arg("LOAD").arg(CODE);
        let hash: String = load.query_async(&mut connection).await.expect("a script");
        // As the store: somebody listens.
        let mut listener = client.get_async_pubsub().await.expect("a connection");
        listener.subscribe("notices").await.expect("a channel");
        tokio::spawn(async move {
            use futures_util::StreamExt as _;
            let mut messages = listener.into_on_message();
            while messages.next().await.is_some() {}
        });
        (connection, hash)
    });
    let mut revision = 0_u64;
    bencher
        .counter(ItemsCount::new(each * callers))
        .bench_local(|| {
            runtime.block_on(async {
                let mut tasks = JoinSet::new();
                for caller in 0..callers {
                    let (mut connection, hash) = (connection.clone(), hash.clone());
                    tasks.spawn(async move {
                        for i in 0..each as u64 {
                            let held = (revision + i).to_be_bytes();
                            let mut record = (revision + i + 1).to_be_bytes().to_vec();
                            record.extend(BYTES);
                            let mut call = redis::cmd("EVALSHA");
                            call.arg(&hash).arg(1).arg(format!("caller/{caller}"));
                            call.arg(&held[..]).arg(record).arg(&held[..]);
                            let done: i64 =
                                call.query_async(&mut connection).await.expect("an answer");
                            assert_eq!(done, 1);
                        }
                    });
                }
                tasks.join_all().await;
            });
            revision += each as u64;
        });
}

fn commits<S: Store>(bencher: Bencher<'_, '_>, callers: usize, total: usize, open: impl Fn() -> S) {
    let runtime = Runtime::new().expect("the runtime starts");
    commits_on(&runtime, bencher, callers, total, open);
}

fn commits_on<S: Store>(
    runtime: &Runtime,
    bencher: Bencher<'_, '_>,
    callers: usize,
    total: usize,
    open: impl Fn() -> S,
) {
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

/// A Redis that ends with the benchmark.
struct Server {
    url: String,
    child: Child,
    _scratch: Scratch,
}

impl Server {
    fn start() -> Self {
        let scratch = Scratch::new();
        let address = free_address();
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--port"])
            .arg(address.port().to_string())
            .arg("--dir")
            .arg(&scratch.0)
            .stdout(Stdio::null())
            .spawn()
            .expect("`redis-server` is installed, see `scripts/test`");
        let begun = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "redis-server listens"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        Self {
            url: format!("redis://{address}"),
            child,
            _scratch: scratch,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port is free")
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
