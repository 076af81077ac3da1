//! A process of its own for a test that weighs its process, reads what the whole process counts, or
//! needs another environment.
//!
//! The tests of a binary are threads of one process. Such a test runs its binary again, for itself
//! alone.

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

/// As [`alone`], started by a command that ends with the [`binary`].
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
    // Indented: what the inner runner sums up is no sum of the outer one's.
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
