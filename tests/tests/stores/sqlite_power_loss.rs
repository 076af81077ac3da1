//! What a loss of power leaves of a SQLite store: no commit is acknowledged before it is on the disk.
//!
//! No test can pull the plug. This one watches the system calls of a server: between the last
//! write to the database and the answer to an action, the disk has confirmed a flush. So everything
//! that was answered is still there after a loss of power.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use http::StatusCode;
use via_tests::client::{Action, Visitor};
use via_tests::server::{Options, Server};

const ACTIONS: u64 = 50;

/// Follows the system calls of a running process until it ends.
fn trace(process: u32, file: &Path) -> Child {
    let mut tracer = Command::new("strace")
        .args(["--follow-forks", "--decode-fds=path", "--string-limit=16"])
        .arg("--trace=write,writev,pwrite64,pwritev,sendto,sendmsg,fsync,fdatasync")
        .arg("--output")
        .arg(file)
        .arg("--attach")
        .arg(process.to_string())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("this test needs `strace`, which does not run: {error}"));
    let mut said = BufReader::new(tracer.stderr.take().expect("a piped output"));
    let mut line = String::new();
    said.read_line(&mut line).expect("strace says something");
    assert!(line.contains("attached"), "strace does not follow: {line}");
    tracer
}

/// What the system calls of a server show.
#[derive(Debug, Default)]
struct Seen {
    answers: u64,
    /// Answers that were sent while a write was possibly not on the disk.
    early: u64,
    syncs: u64,
}

impl Seen {
    fn of(trace: &str) -> Self {
        let mut seen = Self::default();
        let mut unsynced: HashMap<&str, u64> = HashMap::new();
        // Flushes that had not ended when a call of another thread began, by thread.
        let mut waiting: HashMap<&str, (&str, u64)> = HashMap::new();
        for line in trace.lines() {
            let (thread, call) = line.split_once(' ').expect("a thread and a call");
            let call = call.trim_start();
            if call.contains("HTTP/1.1 204") {
                seen.answers += 1;
                seen.early += u64::from(unsynced.values().any(|writes| *writes > 0));
            }
            let file = call
                .split_once('<')
                .and_then(|(_, rest)| rest.split_once('>'))
                .map(|(file, _)| file)
                .filter(|file| file.contains("/via.db"));
            let is_sync = call.starts_with("fsync") || call.starts_with("fdatasync");
            match file {
                Some(file) if is_sync && call.ends_with("<unfinished ...>") => {
                    let covered = unsynced.get(file).copied().unwrap_or(0);
                    waiting.insert(thread, (file, covered));
                }
                Some(file) if is_sync => {
                    seen.syncs += u64::from(call.ends_with("= 0"));
                    unsynced.insert(file, 0);
                }
                Some(file) => *unsynced.entry(file).or_default() += 1,
                None if call.contains("sync resumed>") && call.ends_with("= 0") => {
                    if let Some((file, covered)) = waiting.remove(thread) {
                        seen.syncs += 1;
                        *unsynced.entry(file).or_default() -= covered;
                    }
                }
                None => {}
            }
        }
        seen
    }
}

/// What the trace shows of a server that answers one action after another.
async fn watch(url: impl Fn(&Path) -> String) -> Seen {
    let directory = tempfile::tempdir().unwrap();
    let mut options = Options::sqlite(directory.path());
    options.store_url = url(directory.path());
    let mut server = Server::build("logbook").start(options);
    let visitor = Visitor::new(server.address());
    visitor.get("/").await.assert_ok();
    let tab = visitor.attach("/").await;
    let file = directory.path().join("trace");
    let mut tracer = trace(server.id(), &file);
    for number in 1..=ACTIONS {
        let action = Action::new("Logbook::add").arg(0).arg(number);
        let answer = tab.act(action).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
    server.kill();
    tracer.wait().expect("strace ends with the server");
    Seen::of(&fs::read_to_string(file).unwrap())
}

#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_on_the_disk() {
    let seen = watch(|directory| format!("sqlite://{}/via.db", directory.display())).await;
    assert_eq!((seen.answers, seen.early), (ACTIONS, 0), "{seen:?}");
    assert!(seen.syncs >= ACTIONS, "{seen:?}");
}

#[test]
fn an_answer_that_comes_too_early_is_noticed() {
    let write = r#"7  write(9</d/via.db-wal>, "..."..., 4096) = 4096"#;
    let answer = r#"8  sendto(12<TCP:[1->2]>, "HTTP/1.1 204 No "..., 99, 0, NULL, 0) = 99"#;
    let begun = "7  fdatasync(9</d/via.db-wal> <unfinished ...>";
    let done = "7  <... fdatasync resumed>)             = 0";
    let sync = "7  fdatasync(9</d/via.db-wal>) = 0";
    for (early, lines) in [
        (0, vec![write, sync, answer]),
        (0, vec![write, begun, done, answer]),
        (1, vec![write, answer, sync]),
        (1, vec![write, begun, answer, done]),
        (1, vec![write, begun, write, done, answer]),
        (1, vec![write, sync, write, answer]),
    ] {
        let seen = Seen::of(&lines.join("\n"));
        assert_eq!((seen.answers, seen.early), (1, early), "{lines:#?}");
    }
}
