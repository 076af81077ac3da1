use std::{
    fs,
    sync::atomic::{AtomicU32, Ordering},
};

use rusqlite::Connection;

use super::*;
use crate::store::{
    Expect, Notice,
    conformance::{Behind, Elsewhere, Faults, Formats, Harness, Small, support::*},
};

/// A directory that is removed when the test ends.
struct Scratch {
    path: PathBuf,
    /// Whether it belongs to another process.
    borrowed: bool,
}

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("via-sqlite-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self {
            path,
            borrowed: false,
        }
    }

    fn file(&self) -> PathBuf {
        self.path.join("store.db")
    }

    /// `NORMAL`, because these tests simulate no power failure.
    fn open(&self) -> SqliteStore {
        SqliteStore::open_with(self.file(), Synchronous::Normal).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.borrowed {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

impl Harness for Scratch {
    type Store = SqliteStore;

    async fn open(&self) -> SqliteStore {
        self.open()
    }

    fn durability(&self) -> Durability {
        Durability::ProcessCrash
    }
}

impl Elsewhere for Scratch {
    fn address(&self) -> String {
        self.path.display().to_string()
    }

    fn at(address: &str) -> Self {
        Self {
            path: address.into(),
            borrowed: true,
        }
    }
}

impl Small for Scratch {
    async fn open_small(&self) -> SqliteStore {
        let store = self.open();
        let limit = OnWriter("PRAGMA max_page_count = 100");
        store.write(limit).await.unwrap();
        store
    }
}

impl Formats for Scratch {
    async fn make_newer(&self) -> String {
        let other = Connection::open(self.file()).unwrap();
        other.pragma_update(None, "user_version", 17).unwrap();
        "17".to_owned()
    }

    async fn content(&self) -> Vec<u8> {
        fs::read(self.file()).unwrap()
    }

    async fn try_open(&self) -> Result<SqliteStore, String> {
        SqliteStore::open(self.file()).map_err(|error| error.to_string())
    }
}

fn refusal(path: impl AsRef<Path>) -> (OpenError, String) {
    let error = SqliteStore::open(path).unwrap_err();
    let sentence = error.to_string();
    (error, sentence)
}

mod plain {
    use super::*;

    crate::store::conformance::tests! {
        Scratch::new(); restarts, kills, instances, processes, full, formats
    }
}

mod behind_faults {
    use super::*;

    crate::store::conformance::tests! {
        Behind::new(Scratch::new(), Faults::gentle(2));
        restarts, kills, instances, processes, full, formats, unknown
    }
}

/// A store that survives a power failure.
struct Flushed(Scratch);

impl Harness for Flushed {
    type Store = SqliteStore;

    async fn open(&self) -> SqliteStore {
        SqliteStore::open(self.0.file()).unwrap()
    }

    fn durability(&self) -> Durability {
        Durability::PowerLoss
    }
}

#[test]
fn a_store_that_survives_power_losses_restarts_as_well() {
    for case in crate::store::conformance::restarts() {
        case.run(&|| Flushed(Scratch::new()));
    }
}

/// A faulty store: it answers at once, and commits a moment later.
#[derive(Debug)]
struct Hasty(Arc<SqliteStore>);

impl Store for Hasty {
    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        Box::pin(async move {
            let (store, versions) = (self.0.clone(), commit.versions_after());
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(50)).await;
                store.commit(commit).await
            });
            Ok(CommitOutcome::Committed(versions))
        })
    }

    fn durability(&self) -> Durability {
        self.0.durability()
    }

    fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>> {
        self.0.load(keys, now)
    }

    fn touch<'a>(
        &'a self,
        key: &'a Key,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, bool> {
        self.0.touch(key, idle_until, now)
    }

    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize> {
        self.0.delete(keys, tombstone_until, now)
    }

    fn sweep(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        self.0.sweep(now, limit)
    }

    fn revisions<'a>(
        &'a self,
        keys: &'a [Key],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Option<Version>>> {
        self.0.revisions(keys, now)
    }

    fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>> {
        self.0.owned_by(owner, now)
    }

    fn subscribe(&self) -> Subscription {
        self.0.subscribe()
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.0.close()
    }
}

struct HastyScratch(Scratch);

impl Harness for HastyScratch {
    type Store = Hasty;

    async fn open(&self) -> Hasty {
        Hasty(Arc::new(self.0.open()))
    }

    fn durability(&self) -> Durability {
        Durability::ProcessCrash
    }
}

impl Elsewhere for HastyScratch {
    fn address(&self) -> String {
        self.0.address()
    }

    fn at(address: &str) -> Self {
        Self(Scratch::at(address))
    }
}

mod hasty {
    use super::*;

    // The case of the suite, for a store that must fail it.
    #[test]
    #[should_panic(expected = "commits were acknowledged, and ")]
    fn a_store_that_acknowledges_before_it_commits_loses_that_when_it_is_killed() {
        crate::store::conformance::__private::run_with_children(
            concat!(
                module_path!(),
                "::a_store_that_acknowledges_before_it_commits_loses_that_when_it_is_killed"
            ),
            &|| HastyScratch(Scratch::new()),
            crate::store::conformance::cases::kills::what_was_acknowledged_survives_a_killed_process,
        );
    }
}

#[tokio::test]
async fn its_own_commits_are_no_news_of_others() {
    let scratch = Scratch::new();
    let store = scratch.open();
    let mut subscription = store.subscribe();
    let version = create(&store, &key("a"), put("")).await;
    let expected = Notice::Committed {
        key: key("a"),
        version,
    };
    assert_eq!(next(&mut subscription).await, Some(expected));
    // Four times the interval at which the store looks for commits of other processes.
    let quiet = tokio::time::timeout(Duration::from_millis(200), subscription.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

#[tokio::test]
async fn a_reopened_store_has_everything() {
    for close in [true, false] {
        let scratch = Scratch::new();
        let store = SqliteStore::open(scratch.file()).unwrap();
        for i in 0..100 {
            create(&store, &key(&format!("{i}")), put(format!("value {i}"))).await;
        }
        let deleted = key("7");
        let keys = [deleted.clone()];
        store.delete(&keys, after(9), NOW).await.unwrap();
        if close {
            store.close().await.unwrap();
        }
        drop(store);
        let left: Vec<_> = fs::read_dir(&scratch.path).unwrap().collect();
        assert_eq!(left.len(), 1, "the log is written back: {left:?}");

        let store = SqliteStore::open(scratch.file()).unwrap();
        assert_eq!(load(&store, &deleted).await, Loaded::Deleted);
        for i in (0..100).filter(|i| *i != 7) {
            let document = found(&store, &key(&format!("{i}"))).await;
            assert_eq!(document.bytes, format!("value {i}"));
        }
    }
}

#[tokio::test]
async fn the_level_is_that_of_the_connection() {
    let scratch = Scratch::new();
    let store = SqliteStore::open(scratch.file()).unwrap();
    assert_eq!(store.durability(), Durability::PowerLoss);
    assert_eq!(scratch.open().durability(), Durability::ProcessCrash);
    let url = format!("sqlite://{}?synchronous=normal", scratch.file().display());
    let store = crate::store::open(&url).await.unwrap();
    assert_eq!(store.durability(), Durability::ProcessCrash);
}

#[tokio::test]
async fn what_is_on_the_disk_is_there_without_a_close() {
    // A copy of the files at this moment is what a killed process leaves behind.
    let scratch = Scratch::new();
    let store = SqliteStore::open(scratch.file()).unwrap();
    let version = create(&store, &key("a"), put("kept")).await;
    let copy = Scratch::new();
    for suffix in ["", "-wal"] {
        let from = format!("{}{suffix}", scratch.file().display());
        let to = format!("{}{suffix}", copy.file().display());
        fs::write(to, fs::read(from).unwrap()).unwrap();
    }
    assert_eq!(found(&copy.open(), &key("a")).await.version, version);
}

#[test]
fn a_place_that_cannot_hold_a_file_is_named() {
    let scratch = Scratch::new();
    let path = scratch.path.display().to_string();
    let (_, sentence) = refusal(&scratch.path);
    assert_eq!(
        sentence,
        format!("cannot open the store `{path}`: it is a directory; name a file in it")
    );

    let missing = scratch.path.join("no/store.db");
    let (_, sentence) = refusal(&missing);
    assert_eq!(
        sentence,
        format!(
            "cannot open the store `{path}/no/store.db`: there is no directory `{path}/no`; create \
             it first"
        )
    );

    let (error, sentence) = refusal("");
    assert!(sentence.contains("the path is empty"), "{sentence}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
#[cfg(target_os = "linux")]
fn an_unwritable_place_is_named() {
    // Not even root can create a file there.
    let (error, sentence) = refusal("/proc/via.db");
    assert_eq!(
        sentence,
        "cannot open the store `/proc/via.db`: SQLite can neither open nor create it; check the \
         permissions"
    );
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn another_kind_of_file_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    let content = b"These are my notes, and they are no database.\n".repeat(100);
    fs::write(scratch.file(), &content).unwrap();
    let (error, sentence) = refusal(scratch.file());
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
    assert!(sentence.contains("store.db"), "{sentence}");
    assert_eq!(fs::read(scratch.file()).unwrap(), content);
}

#[test]
fn the_database_of_another_program_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    let connection = Connection::open(scratch.file()).unwrap();
    connection.execute_batch("CREATE TABLE t (x)").unwrap();
    drop(connection);
    let before = fs::read(scratch.file()).unwrap();
    let (error, _) = refusal(scratch.file());
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
    assert_eq!(fs::read(scratch.file()).unwrap(), before);
}

#[tokio::test]
async fn a_newer_format_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    let store = scratch.open();
    create(&store, &key("a"), put("")).await;
    store.close().await.unwrap();
    let connection = Connection::open(scratch.file()).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    // It stays open, so that there is a log of the newer version.
    let log = format!("{}-wal", scratch.file().display());
    let before = (fs::read(scratch.file()).unwrap(), fs::read(&log).unwrap());
    assert!(!before.1.is_empty());
    let (error, sentence) = refusal(scratch.file());
    assert!(
        matches!(
            error,
            OpenError::NewerFormat {
                found: 7,
                known: 1,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(sentence.contains("it has format 7"), "{sentence}");
    let after = (fs::read(scratch.file()).unwrap(), fs::read(&log).unwrap());
    assert!(before == after);
    drop(connection);
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    for damage in ["flipped", "truncated"] {
        let scratch = Scratch::new();
        let store = scratch.open();
        for i in 0..200 {
            create(&store, &key(&format!("{i}")), put(vec![b'x'; 3000])).await;
        }
        store.close().await.unwrap();
        let mut content = fs::read(scratch.file()).unwrap();
        match damage {
            "flipped" => content[8192..16384]
                .iter_mut()
                .for_each(|byte| *byte ^= 0x55),
            _ => content.truncate(content.len() / 2),
        }
        fs::write(scratch.file(), &content).unwrap();
        let (error, sentence) = refusal(scratch.file());
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        assert!(sentence.contains("store.db"), "{sentence}");
        assert!(fs::read(scratch.file()).unwrap() == content);
    }
}

#[tokio::test]
async fn an_empty_file_becomes_a_store() {
    let scratch = Scratch::new();
    fs::write(scratch.file(), "").unwrap();
    create(&scratch.open(), &key("a"), put("")).await;
}

#[tokio::test]
async fn a_file_of_which_only_the_log_is_left_is_refused_and_left_alone() {
    for left in ["", "S"] {
        let scratch = Scratch::new();
        let store = scratch.open();
        create(&store, &key("a"), put("")).await;
        let copy = Scratch::new();
        let log = |scratch: &Scratch| format!("{}-wal", scratch.file().display());
        let bytes = fs::read(log(&scratch)).unwrap();
        fs::write(log(&copy), &bytes).unwrap();
        fs::write(copy.file(), left).unwrap();
        let (error, sentence) = refusal(copy.file());
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        assert!(sentence.contains("its log `-wal` is not"), "{sentence}");
        assert!(fs::read(log(&copy)).unwrap() == bytes);
        assert_eq!(fs::read(copy.file()).unwrap(), left.as_bytes());
    }
}

#[test]
fn many_may_make_the_same_file_at_once() {
    let scratch = Scratch::new();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| scratch.open());
        }
    });
}

#[tokio::test]
async fn a_name_with_a_meaning_to_sqlite_is_a_file() {
    let scratch = Scratch::new();
    for name in [":memory:", "file:x?mode=memory"] {
        let store = SqliteStore::open(scratch.path.join(name)).unwrap();
        create(&store, &key("a"), put("")).await;
        assert!(scratch.path.join(name).is_file());
    }
}

/// Runs SQL on the writer's own connection.
struct OnWriter(&'static str);

impl Operation for OnWriter {
    type Output = ();

    fn run(&self, table: &table::DocumentTable<'_>) -> Result<(), failure::Fault> {
        Ok(table.execute_batch(self.0)?)
    }
}

#[tokio::test]
async fn a_full_disk_is_a_typed_error_and_passes() {
    let scratch = Scratch::new();
    let store = Arc::new(scratch.open());
    let small = key("small");
    let version = create(&store, &small, put("1")).await;
    store
        .write(OnWriter("PRAGMA max_page_count = 30"))
        .await
        .unwrap();
    // Of several concurrent commits, the store does those that have room.
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            let create = write(&key(&format!("{i}")), Expect::Absent, put(vec![1; 50_000]));
            commit_at(&store, NOW, vec![create]).await
        });
    }
    let results = tasks.join_all().await;
    let full = |result: &&Result<_, _>| matches!(result, Err(StoreError::Full(_)));
    let refused = results.iter().filter(full).count();
    let done = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(refused + done, 8, "{results:?}");
    assert!(refused > 0 && done > 0, "{results:?}");

    assert_eq!(found(&store, &small).await.bytes, "1");
    let change = vec![write(&small, Expect::At(version), put("2"))];
    let outcome = commit_at(&store, NOW, change).await.unwrap();
    assert!(matches!(outcome, CommitOutcome::Committed(_)));

    store
        .write(OnWriter("PRAGMA max_page_count = 100000"))
        .await
        .unwrap();
    create(&store, &key("large"), put(vec![1; 500_000])).await;
}

#[tokio::test]
async fn a_held_lock_is_unavailable_and_passes() {
    let scratch = Scratch::new();
    let store = scratch.open();
    let version = create(&store, &key("a"), put("1")).await;
    let other = Connection::open(scratch.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let change = vec![write(&key("a"), Expect::At(version), put("2"))];
    let result = commit_at(&store, NOW, change.clone()).await;
    assert!(
        matches!(result, Err(StoreError::Unavailable(_))),
        "{result:?}"
    );
    assert_eq!(found(&store, &key("a")).await.version, version);
    other.execute_batch("ROLLBACK").unwrap();
    commit_at(&store, NOW, change).await.unwrap();
}

/// What a changed byte on the disk may do without SQLite noticing it.
const DAMAGES: [&str; 8] = [
    "UPDATE document SET revision = 7 WHERE key = x'61'",
    "UPDATE document SET revision = -1 WHERE key = x'61'",
    "UPDATE document SET commit_id = x'00' WHERE key = x'61'",
    "UPDATE document SET idle_until = 0 WHERE key = x'61'",
    "UPDATE document SET absolute = 0 WHERE key = x'61'",
    "UPDATE document SET deleted = 1 WHERE key = x'61'",
    "UPDATE document SET owner = x'62' WHERE key = x'61'",
    "UPDATE document SET bytes_hash = 0 WHERE key = x'61'",
];

#[tokio::test]
async fn a_damaged_row_is_reported_and_left_while_others_go_on() {
    for damage in DAMAGES {
        let scratch = Scratch::new();
        let store = scratch.open();
        let version = create(&store, &key("a"), put("1")).await;
        store.write(OnWriter(damage)).await.unwrap();
        create(&store, &key("b"), put("1")).await;
        for expect in [Expect::At(version), Expect::Absent] {
            let change = vec![write(&key("a"), expect, put("2"))];
            let result = commit_at(&store, NOW, change).await;
            assert!(matches!(result, Err(StoreError::Damaged(_))), "{result:?}");
        }
        let loaded = store.load(&[key("a")], NOW).await;
        assert!(matches!(loaded, Err(StoreError::Damaged(_))), "{loaded:?}");
        assert_eq!(found(&store, &key("b")).await.bytes, "1");
    }
}

#[tokio::test]
async fn a_document_whose_bytes_changed_is_reported_while_others_go_on_also_after_a_restart() {
    let scratch = Scratch::new();
    let store = scratch.open();
    create(&store, &key("a"), put("1")).await;
    create(&store, &key("b"), put("1")).await;
    let damage = "UPDATE document SET bytes = x'32' WHERE key = x'61'";
    store.write(OnWriter(damage)).await.unwrap();
    store.close().await.unwrap();

    let store = scratch.open();
    let (one, other) = ([key("a")], [key("b")]);
    let (loaded, beside) = tokio::join!(store.load(&one, NOW), store.load(&other, NOW));
    assert!(matches!(loaded, Err(StoreError::Damaged(_))), "{loaded:?}");
    assert!(matches!(beside.unwrap()[0], Loaded::Found(_)));
}

#[tokio::test]
async fn a_store_in_which_a_row_says_something_else_is_refused() {
    // A session under another key would be a session that never existed.
    let damages = ["UPDATE document SET key = x'63' WHERE key = x'61'"];
    for damage in damages.iter().chain(&DAMAGES) {
        let scratch = Scratch::new();
        let store = scratch.open();
        create(&store, &key("a"), put("1")).await;
        store.write(OnWriter(damage)).await.unwrap();
        store.close().await.unwrap();
        let (error, sentence) = refusal(scratch.file());
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        assert!(sentence.contains("it was not changed"), "{sentence}");
    }
}

#[tokio::test]
async fn a_sweep_leaves_damaged_rows_and_does_not_look_at_them_for_ever() {
    let scratch = Scratch::new();
    let store = scratch.open();
    for i in 0..=SWEEP_CHUNK {
        let mut put = put("");
        put.expiry.idle_until = after(1);
        create(&store, &key(&format!("{i}")), put).await;
    }
    let damage = "UPDATE document SET revision = 7 WHERE key <> x'30'";
    store.write(OnWriter(damage)).await.unwrap();
    assert_eq!(store.sweep(after(2), usize::MAX).await.unwrap(), 1);
    let loaded = store.load(&[key("1")], NOW).await;
    assert!(matches!(loaded, Err(StoreError::Damaged(_))), "{loaded:?}");
}

#[tokio::test]
async fn a_moved_deadline_and_a_tombstone_are_no_damage() {
    let scratch = Scratch::new();
    let store = scratch.open();
    for name in ["a", "b"] {
        let mut put = put("1");
        put.expiry.idle_until = after(10);
        create(&store, &key(name), put).await;
        assert!(store.touch(&key(name), after(20), NOW).await.unwrap());
    }
    store.delete(&[key("b")], after(9), NOW).await.unwrap();
    store.close().await.unwrap();
    let store = scratch.open();
    assert_eq!(found(&store, &key("a")).await.expiry.idle_until, after(20));
    assert_eq!(load(&store, &key("b")).await, Loaded::Deleted);
}

#[tokio::test]
async fn a_file_with_the_table_of_an_unreleased_version_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    let store = scratch.open();
    create(&store, &key("a"), put("1")).await;
    store.close().await.unwrap();
    let connection = Connection::open(scratch.file()).unwrap();
    let older = "ALTER TABLE document DROP COLUMN row_hash; PRAGMA wal_checkpoint(TRUNCATE)";
    connection.execute_batch(older).unwrap();
    drop(connection);
    let before = fs::read(scratch.file()).unwrap();
    let (error, sentence) = refusal(scratch.file());
    let layout = matches!(error, OpenError::Layout { format: 1, .. });
    assert!(layout, "{error:?}");
    assert!(sentence.contains("row_hash"), "{sentence}");
    assert!(fs::read(scratch.file()).unwrap() == before);
}

#[tokio::test]
async fn a_subscription_holds_no_thread() {
    let scratch = Scratch::new();
    let store = scratch.open();
    let mut subscription = store.subscribe();
    drop(store);
    assert_eq!(subscription.next().await, None);
    // The last connection that was closed has written the log back and removed it.
    assert_eq!(fs::read_dir(&scratch.path).unwrap().count(), 1);
}
