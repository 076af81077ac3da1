//! The closed loop of 64 sessions on each store, beside what the store's medium can do at best.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

use super::actions::{self, Setting};
use crate::load::{
    figures::rate,
    process::Server,
    redis::{Redis, bare_scripts},
    tab::COUNTER,
};

/// Measures one store: `memory`, `sqlite` or `redis`.
pub(crate) fn run(store: &str, rounds: usize, time: Duration) -> io::Result<()> {
    // Beside the program, because a temporary directory may be no disk.
    let beside = std::env::current_exe()?;
    let beside = beside.parent().unwrap_or(Path::new("."));
    let directory = tempfile::tempdir_in(beside)?;
    let setting = Setting {
        name: "stores",
        call: COUNTER,
        tabs: 64,
        rounds,
        time,
    };
    match store {
        "memory" => {
            let server = Server::start("serve", Some("memory:"))?;
            actions::run(&server, setting, "memory", None, None)?;
        }
        "sqlite" => {
            let url = format!("sqlite://{}", directory.path().join("via.db").display());
            let server = Server::start("serve", Some(&url))?;
            let mut log = File::create(directory.path().join("log"))?;
            let mut bare = || flushes(&mut log, time / 2);
            actions::run(&server, setting, "sqlite", None, Some(&mut bare))?;
        }
        "redis" => {
            let redis = Redis::start(directory.path())?;
            let server = Server::start("serve", Some(&redis.url()))?;
            let mut bare = || bare_scripts(&redis, setting.tabs, time / 2);
            actions::run(&server, setting, "redis", None, Some(&mut bare))?;
        }
        other => return Err(io::Error::other(format!("there is no store `{other}`"))),
    }
    Ok(())
}

/// Appends a page and flushes it to the disk, one after the other: what one action after the other
/// would cost at least. Returns how many there are a second.
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
