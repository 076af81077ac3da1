//! The browser as an operating system process.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, PipeReader, PipeWriter};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tempfile::TempDir;

/// Names under which distributions install the browser.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-crash-reporter",
    "--window-size=1000,800",
    "--remote-debugging-pipe",
];

/// The browser reads commands from descriptor 3 and answers on 4. Safe Rust can hand over only
/// the standard descriptors, so a shell moves them before it becomes the browser.
const MOVE_PIPES: &str = r#"exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null"#;

/// A running browser. Dropping it kills the whole process group and removes its profile.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    directory: TempDir,
}

/// A started browser with the two ends of its debugging pipe.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) process: Process,
    pub(super) commands: PipeWriter,
    pub(super) answers: PipeReader,
}

impl Process {
    /// Starts a browser with a profile directory of its own.
    #[track_caller]
    pub(super) fn start() -> Started {
        let program = find().unwrap_or_else(|| {
            panic!(
                "the browser tests need Chromium: install it (Debian: `apt-get install chromium`) \
                 or name its binary in the environment variable CHROMIUM"
            )
        });
        let directory = tempfile::Builder::new()
            .prefix("via-chromium-")
            .tempdir()
            .expect("a temporary directory for the browser's profile");
        let stderr =
            File::create(stderr_of(directory.path())).expect("a file for the browser's log");
        let (commands_out, commands) = io::pipe().expect("a pipe");
        let (answers, answers_in) = io::pipe().expect("a pipe");
        let mut profile = OsString::from("--user-data-dir=");
        profile.push(directory.path());
        let child = Command::new("sh")
            .args(["-c", MOVE_PIPES, "sh"])
            .arg(&program)
            .args(FLAGS)
            .arg(profile)
            .stdin(commands_out)
            .stdout(answers_in)
            .stderr(stderr)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        Started {
            process: Self { child, directory },
            commands,
            answers,
        }
    }

    /// Where the browser keeps its data.
    pub(super) fn directory(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// What the browser wrote to its standard error.
    pub(super) fn log(&self) -> String {
        fs::read(stderr_of(self.directory.path()))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
            let _ = self.child.wait();
            // Helper processes of the browser end a little later and would write into the directory
            // while it is being removed.
            let deadline = Instant::now() + Duration::from_secs(2);
            while test_kill_process_group(group).is_ok() && Instant::now() < deadline {
                sleep(Duration::from_millis(2));
            }
        }
        for _ in 0..20 {
            if fs::remove_dir_all(self.directory.path()).is_ok() {
                break;
            }
            sleep(Duration::from_millis(10));
        }
    }
}

fn stderr_of(directory: &Path) -> PathBuf {
    directory.join("stderr.log")
}

fn find() -> Option<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    let path = env::var_os("PATH")?;
    NAMES
        .iter()
        .flat_map(|name| env::split_paths(&path).map(move |directory| directory.join(name)))
        .find(|candidate| candidate.is_file())
}
