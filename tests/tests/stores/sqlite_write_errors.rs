//! A disk that refuses writes: the store closes the connection, no commit is acknowledged without being
//! stored, and when the disk accepts writes again everything continues without a restart.
//!
//! The errors come from the limit of the process on the size of its files, which can be changed from
//! outside while it runs. SQLite reports it as an I/O error.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use http::StatusCode;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::task::block_in_place;
use via_tests::client::{Action, Visitor};
use via_tests::history::{Acknowledged, Entry, violations};
use via_tests::server::{Options, Program, Server};

/// The program, started so that a write over the limit fails and does not kill it.
fn program(directory: &Path) -> Program {
    let script = directory.join("start");
    let logbook = env!("CARGO_BIN_EXE_logbook");
    fs::write(
        &script,
        format!("#!/bin/sh\ntrap '' XFSZ\nexec '{logbook}'\n"),
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    Program::at("logbook", script)
}

fn limit_files(server: &Server, bytes: Option<u64>) {
    let process = Pid::from_raw(i32::try_from(server.id()).unwrap());
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(process, Resource::Fsize, limit).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_meets_an_io_error_is_not_acknowledged_and_its_repetition_takes_effect_once()
{
    let directory = tempfile::tempdir().unwrap();
    let mut server = program(directory.path()).start(Options::sqlite(directory.path()));
    let log = directory.path().join("via.db-wal");
    let visitor = Visitor::new(server.address());
    visitor.get("/").await.assert_ok();
    let tab = visitor.attach("/").await;
    let mut told = Vec::new();
    for number in 1..=20 {
        let action = Action::new("Logbook::add").arg(1).arg(number);
        let action = action.number(number);
        if number % 4 == 0 {
            // In the first, the second, .. page of the commit, and in the middle of it.
            let room = 2060 * (number / 4 - 1);
            limit_files(&server, Some(fs::metadata(&log).unwrap().len() + room));
            let answer = tab.act(action.clone()).await;
            if answer.ack().is_none() {
                assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
                assert!(answer.header("retry-after").is_some(), "{answer:?}");
                let page = visitor.get("/").await;
                page.assert_ok();
                assert_eq!(page.shows("length"), (number - 1).to_string());
            }
            assert!(number > 8 || answer.ack().is_none(), "{number}: {answer:?}");
            limit_files(&server, None);
        }
        let answer = tab.act(action).await;
        assert_eq!(answer.ack(), Some(number), "{answer:?}");
        let entry = Entry { tab: 1, number };
        let revision = answer.revision().unwrap();
        told.push(Acknowledged { entry, revision });
    }
    for _ in 0..2 {
        let page = visitor.get("/").await;
        page.assert_ok();
        assert_eq!(violations(&Entry::all(&page.shows("log")), &told), []);
        block_in_place(|| server.kill());
        block_in_place(|| server.restart());
    }
}
