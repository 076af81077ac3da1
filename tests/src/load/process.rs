//! Server processes to measure, and cores.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::thread::{CpuSet, sched_setaffinity};

/// Keeps this thread, and the threads that it starts, on one core.
pub(super) fn pin(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

/// Lets this thread, and the threads that it starts, run on all cores again.
pub(super) fn unpin() -> io::Result<()> {
    let mut cores = CpuSet::new();
    (0..CpuSet::MAX_CPU).for_each(|core| cores.set(core));
    Ok(sched_setaffinity(None, &cores)?)
}

/// Raises the limit of file descriptors as far as this process may.
pub(super) fn raise_limits() -> io::Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

/// A server in its own process. Dropping the value kills the process.
#[derive(Debug)]
pub(super) struct Server {
    child: Option<Child>,
    pid: Option<u32>,
    address: SocketAddr,
}

impl Server {
    /// Starts this program as a server, on core 0.
    pub(super) fn start(role: &str, store: Option<&str>) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(role).stdin(Stdio::null());
        if let Some(store) = store {
            command.env("VIA_STORE", store);
        }
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().map(BufReader::new);
        let mut line = String::new();
        if let Some(mut out) = out {
            out.read_line(&mut line)?;
        }
        let pid = Some(child.id());
        let mut server = Self {
            child: Some(child),
            pid,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        server.address = line
            .trim()
            .parse()
            .map_err(|_| io::Error::other(format!("the {role} server did not start: {line}")))?;
        Ok(server)
    }

    /// A server that is already running.
    pub(super) fn at(address: SocketAddr, pid: Option<u32>) -> Self {
        Self {
            child: None,
            pid,
            address,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The processor time that it has used, if this process can see it.
    pub(super) fn cpu(&self) -> Option<Duration> {
        self.pid.map(cpu).and_then(Result::ok)
    }

    /// Its resident memory in bytes, if this process can see it.
    pub(super) fn resident(&self) -> Option<u64> {
        self.pid.map(resident).and_then(Result::ok)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The processor time that this process has used.
pub(super) fn own_cpu() -> Option<Duration> {
    cpu(std::process::id()).ok()
}

/// The processor time of all living threads.
fn cpu(pid: u32) -> io::Result<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let schedule = fs::read_to_string(task?.path().join("schedstat"))?;
        let own: u64 = schedule
            .split_whitespace()
            .next()
            .and_then(|time| time.parse().ok())
            .ok_or_else(|| io::Error::other("no processor time"))?;
        nanoseconds += own;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The resident memory in bytes.
fn resident(pid: u32) -> io::Result<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    rollup
        .lines()
        .find_map(|line| line.strip_prefix("Rss:"))
        .and_then(|value| value.trim().strip_suffix(" kB"))
        .and_then(|value| value.trim().parse::<u64>().ok())
        .map(|kilobytes| kilobytes * 1024)
        .ok_or_else(|| io::Error::other("no resident memory"))
}
