//! Stores for the load generator, and the lowest cost of a commit on their medium.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{
    figures::rate,
    process,
    redis::{Redis, bare_scripts},
};

/// Where a store keeps documents. Dropping the value removes them.
#[derive(Debug)]
pub(super) struct Medium {
    kind: Kind,
    directory: TempDir,
}

#[derive(Debug)]
enum Kind {
    Memory,
    Disk(File),
    Redis(Redis),
}

impl Medium {
    /// The medium of one store: `memory`, `sqlite` or `redis`.
    pub(super) fn new(store: &str) -> io::Result<Self> {
        // Beside the program, because a temporary directory may be in memory.
        let beside = std::env::current_exe()?;
        let directory = tempfile::tempdir_in(beside.parent().unwrap_or(Path::new(".")))?;
        let kind = match store {
            "memory" => Kind::Memory,
            "sqlite" => Kind::Disk(File::create(directory.path().join("log"))?),
            "redis" => Kind::Redis(Redis::start(directory.path())?),
            other => return Err(io::Error::other(format!("there is no store `{other}`"))),
        };
        Ok(Self { kind, directory })
    }

    /// The URL to open a store under this name.
    pub(super) fn url(&self, name: &str) -> String {
        match &self.kind {
            Kind::Memory => "memory:".to_owned(),
            Kind::Disk(_) => format!("sqlite://{}", self.directory.path().join(name).display()),
            Kind::Redis(redis) => redis.url(),
        }
    }

    /// How many commits a second this many callers can make at best, if that can be said: one flush to the
    /// disk after the other, or bare scripts in a pipeline. Works on core 0, as a server does.
    pub(super) fn bare(&mut self, callers: usize, time: Duration) -> io::Result<Option<f64>> {
        let bare = match &mut self.kind {
            Kind::Memory => return Ok(None),
            Kind::Disk(log) => on_core_0(|| flushes(log, time)),
            Kind::Redis(redis) => on_core_0(|| bare_scripts(redis, callers, time)),
        };
        bare.map(Some)
    }
}

/// Runs `work` where servers run.
pub(super) fn on_core_0<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    process::pin(0)?;
    let done = work();
    process::pin(1)?;
    done
}

/// Appends a page and flushes it to the disk, again and again: the lowest cost of one action after
/// another. Returns how many flushes there are a second.
fn flushes(log: &mut File, time: Duration) -> io::Result<f64> {
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < time {
        log.write_all(&[0; 4096])?;
        log.sync_data()?;
        count += 1;
    }
    Ok(rate(count, began.elapsed()))
}
