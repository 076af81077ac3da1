//! Runs a test in a process of its own: for tests that measure the memory of the process, read counters
//! of the whole process, or need another environment.
//!
//! The tests of a binary are threads of one process. Such a test starts its binary again, and runs only
//! itself there.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Names the test that runs again.
const INSIDE: &str = "VIA_TESTS_ALONE";

/// Runs `body` in a process of its own, as the test of this name in this binary: `module::name`.
#[track_caller]
pub fn alone(test: &str, body: impl FnOnce()) {
    alone_by(test, || Command::new(binary()), body);
}

/// Like [`alone`], but the process is started by a command that ends with the [`binary`].
#[track_caller]
pub fn alone_by(test: &str, command: impl FnOnce() -> Command, body: impl FnOnce()) {
    if env::var(INSIDE).is_ok_and(|inside| inside == test) {
        return body();
    }
    let mut command = command();
    let output = command
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, test)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?} does not run: {error}"));
    // Indented, so that nobody takes the summary of the inner runner for that of the outer one.
    let said: String = [&output.stdout, &output.stderr]
        .into_iter()
        .flat_map(|said| {
            String::from_utf8_lossy(said)
                .lines()
                .map(indented)
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{test} failed in its process:\n{said}"
    );
    eprint!("{said}");
}

fn indented(line: &str) -> String {
    format!("  {line}\n")
}

/// The path of the running tests.
#[must_use]
pub fn binary() -> PathBuf {
    env::current_exe().expect("the path of the running test")
}
