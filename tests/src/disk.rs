//! A small disk for one test.
//!
//! Mounting a disk needs a privilege, and a mount must not outlive the test. So the test runs again in
//! a process with its own mount namespace, in which the user who runs the tests may mount.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::alone::{alone_by, binary};

const PAGE: u64 = 4096;

/// Runs `body` in a process of its own that may mount disks, as the test of this name in this
/// binary: `module::name`.
///
/// If the system does not allow that, the test fails and says what is missing.
#[track_caller]
pub fn with_mounts(test: &str, body: impl FnOnce()) {
    let command = || {
        let allowed = unshare().arg("true").output();
        let output = allowed.unwrap_or_else(|error| {
            panic!("this test needs `unshare` (Debian: util-linux), which does not run: {error}")
        });
        assert!(
            output.status.success(),
            "this test mounts a tmpfs. As root that takes the capability CAP_SYS_ADMIN; otherwise \
             the kernel must allow user namespaces without privileges. Neither is so here: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let mut command = unshare();
        command.arg(binary());
        command
    };
    alone_by(test, command, body);
}

/// Begins a command that runs a program in its own mount namespace.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    if rustix::process::geteuid().is_root() {
        command.args(["--mount", "--propagation", "private", "--"]);
    } else {
        command.args(["--map-root-user", "--mount", "--"]);
    }
    command
}

/// A mounted tmpfs, and a file that fills it.
#[derive(Debug)]
pub struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// Mounts a disk of this many bytes; only within [`with_mounts`].
    #[track_caller]
    #[must_use]
    pub fn mount(bytes: u64) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let output = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(directory.path())
            .output()
            .unwrap_or_else(|error| panic!("this test needs `mount`: {error}"));
        assert!(
            output.status.success(),
            "this test needs to mount a tmpfs, and may not: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Self { directory }
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Fills the disk.
    #[track_caller]
    pub fn fill(&self) {
        let mut filler = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.filler())
            .expect("the filler");
        let page = vec![0; usize::try_from(PAGE).expect("a small number")];
        loop {
            match filler.write_all(&page) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("the disk cannot be filled: {error}"),
            }
        }
    }

    /// Frees this many pages.
    #[track_caller]
    pub fn give_back(&self, pages: u64) {
        let filler = OpenOptions::new().write(true).open(self.filler());
        let filler: File = filler.expect("the disk was filled");
        let length = filler.metadata().expect("its length").len();
        let left = length.checked_sub(pages * PAGE);
        filler
            .set_len(left.expect("there is so much to give back"))
            .expect("the filler can be cut");
    }

    /// Frees the whole disk again.
    #[track_caller]
    pub fn free(&self) {
        fs::remove_file(self.filler()).expect("the disk was filled");
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // At the latest, the end of the namespace unmounts it.
        let mut unmount = Command::new("umount");
        let _ = unmount.arg("--lazy").arg(self.path()).output();
    }
}
