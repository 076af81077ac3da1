//! Programs of this workspace as child processes.
//!
//! ```no_run
//! use via_tests::server::{Options, Server};
//!
//! let program = Server::build("counter-example");
//! let mut server = program.start(Options::default());
//! server.kill();
//! server.restart();
//! ```

use std::collections::HashMap;
use std::env;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::patience::wait_until;

/// A built program, ready to be started as often as needed.
#[derive(Debug, Clone)]
pub struct Program {
    name: String,
    executable: PathBuf,
}

/// How to start a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// The store's URL, passed as `VIA_STORE`: `memory:`, `sqlite://path`, `redis://host`.
    pub store_url: String,
    /// Where to listen, passed as `VIA_ADDR`.
    pub addr: SocketAddr,
    /// Other environment variables.
    pub env: Vec<(String, String)>,
}

impl Default for Options {
    /// A server with a store in memory, on a free port of the loopback interface.
    fn default() -> Self {
        Self {
            store_url: "memory:".into(),
            addr: free_address(),
            env: Vec::new(),
        }
    }
}

impl Options {
    /// Options for an `SQLite` database in `directory`, on a free port.
    #[must_use]
    pub fn sqlite(directory: &Path) -> Self {
        Self {
            store_url: format!("sqlite://{}", directory.join("via.db").display()),
            ..Self::default()
        }
    }

    /// Sets an environment variable of the server.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }
}

/// A running server. Dropping it kills the process; if the test is failing by then, it prints
/// what the server wrote.
#[derive(Debug)]
pub struct Server {
    program: Program,
    options: Options,
    child: Child,
    output: Output,
}

impl Server {
    /// Builds the package's program with the profile of the running test, into its target directory,
    /// once per process.
    #[track_caller]
    #[must_use]
    pub fn build(package: &str) -> Program {
        static BUILT: Built = OnceLock::new();
        once(&BUILT, package, || build(package, &location().1))
    }

    /// Builds the package's program with optimizations, so that it handles many requests a second, once
    /// per process. The profile is the one that `scripts/test` uses for all tests.
    #[track_caller]
    #[must_use]
    pub fn build_optimized(package: &str) -> Program {
        static BUILT: Built = OnceLock::new();
        once(&BUILT, package, || build(package, "ci"))
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.options.addr
    }

    /// The address of `path` on the server.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.options.addr)
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the server has written to its standard output and error, in all its runs.
    #[must_use]
    pub fn output(&self) -> String {
        self.output.text()
    }

    /// Kills the process, as a power cut would: it finishes nothing and sends nothing.
    #[track_caller]
    pub fn kill(&mut self) {
        self.child.kill().expect("the server can be killed");
        self.child.wait().expect("a killed server ends");
    }

    /// Asks the server to finish (SIGTERM) and waits until it has ended.
    #[track_caller]
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        wait_until("the server has drained and ended", || {
            self.child.try_wait().expect("the server can be waited for")
        })
    }

    /// Pauses the process (SIGSTOP): its connections stay open and silent.
    #[track_caller]
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Continues a paused process (SIGCONT).
    #[track_caller]
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Starts the program again after it has ended, on the same port with the same store.
    #[track_caller]
    pub fn restart(&mut self) {
        let ended = self.child.try_wait().expect("the server can be waited for");
        assert!(
            ended.is_some(),
            "the server is to be restarted but still runs"
        );
        self.child = self.program.spawn(&self.options, &self.output);
        self.wait_until_listening();
    }

    /// Sets an environment variable of the server's next runs.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.options.env.retain(|(known, _)| known != name);
        self.options.env.push((name.into(), value.into()));
    }

    /// Starts another version of the program instead, on the same port with the same store.
    #[track_caller]
    pub fn replace(&mut self, program: &Program) {
        self.program = program.clone();
        self.restart();
    }

    #[track_caller]
    fn signal(&self, signal: Signal) {
        let process = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(process.expect("a process number"), signal).expect("the server takes signals");
    }

    #[track_caller]
    fn wait_until_listening(&mut self) {
        let address = self.options.addr;
        wait_until(
            &format!("{} listens on {address}", self.program.name),
            || {
                if let Some(status) = self.child.try_wait().expect("the server can be waited for") {
                    panic!(
                        "{} ended at once ({status}):\n{}",
                        self.program.name,
                        self.output.text()
                    );
                }
                TcpStream::connect(address).ok()
            },
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!(
                "{} on {} wrote:\n{}",
                self.program.name,
                self.options.addr,
                self.output.text()
            );
        }
    }
}

impl Program {
    /// A program that was built by other means, for example an older version.
    #[must_use]
    pub fn at(name: &str, executable: impl Into<PathBuf>) -> Self {
        Self {
            name: name.to_owned(),
            executable: executable.into(),
        }
    }

    /// The path of the executable.
    #[must_use]
    pub fn executable(&self) -> &Path {
        &self.executable
    }

    /// Starts the program and waits until it accepts connections.
    #[track_caller]
    #[must_use]
    pub fn start(&self, options: Options) -> Server {
        let output = Output::default();
        let child = self.spawn(&options, &output);
        let mut server = Server {
            program: self.clone(),
            options,
            child,
            output,
        };
        server.wait_until_listening();
        server
    }

    #[track_caller]
    fn spawn(&self, options: &Options, output: &Output) -> Child {
        let mut child = Command::new(&self.executable)
            .env("VIA_STORE", &options.store_url)
            .env("VIA_ADDR", options.addr.to_string())
            .envs(options.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", self.name));
        output.collect(child.stdout.take().expect("a piped output"));
        output.collect(child.stderr.take().expect("a piped output"));
        child
    }
}

/// The lines that a child process has written.
#[derive(Debug, Clone, Default)]
struct Output(Arc<Mutex<String>>);

impl Output {
    fn collect(&self, pipe: impl Read + Send + 'static) {
        let lines = Arc::clone(&self.0);
        thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while matches!(pipe.read_until(b'\n', &mut line), Ok(1..)) {
                let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                lines.push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        });
    }

    fn text(&self) -> String {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// An address of the loopback interface on which no process listens.
///
/// The port lies below the range from which the system takes ports for outgoing connections.
/// Otherwise the clients of a server that is down could take its port while they try to reach it.
#[must_use]
pub fn free_address() -> SocketAddr {
    const FIRST: u16 = 11_000;
    const COUNT: u16 = 20_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test binaries that run at the same time start at different ports.
    let start = u16::try_from(std::process::id().wrapping_mul(97) % u32::from(COUNT))
        .expect("a remainder below a u16");
    (0..COUNT)
        .map(|_| {
            let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
            SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST + (start + step) % COUNT))
        })
        .find(|address| TcpListener::bind(address).is_ok())
        .expect("a free port")
}

type Built = OnceLock<Mutex<HashMap<String, Program>>>;

/// A program that was built before, or is built now.
fn once(built: &'static Built, package: &str, make: impl FnOnce() -> PathBuf) -> Program {
    let mut built = built
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(program) = built.get(package) {
        return program.clone();
    }
    let program = Program {
        name: package.to_owned(),
        executable: make(),
    };
    built.insert(package.to_owned(), program.clone());
    program
}

/// Builds a program and returns its executable.
///
/// It uses the features of `cargo test --workspace --all-features`. Naming a test target makes
/// cargo resolve them in the same way, so that the build reuses what that command has compiled.
#[track_caller]
fn build(package: &str, profile: &str) -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let mut command = Command::new(cargo);
    // What cargo tells a test about its package must not reach a build: some build scripts read it, and
    // would run again each time it differs.
    for (name, _) in env::vars_os() {
        let told = ["CARGO_PKG_", "CARGO_MANIFEST_"];
        if name
            .to_str()
            .is_some_and(|name| told.iter().any(|it| name.starts_with(it)))
        {
            command.env_remove(name);
        }
    }
    let output = command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(["build", "--locked", "--profile", profile])
        .args(["--workspace", "--all-features"])
        .args(["--bin", package, "--test", "workspace"])
        .args(["--message-format", "json-render-diagnostics"])
        .arg("--target-dir")
        .arg(location().0)
        .stdin(Stdio::null())
        .output()
        .expect("cargo runs");
    let mut errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let executable = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == package)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    if executable.is_none() && output.status.success() {
        let _ = write!(errors, "cargo named no executable `{package}`");
    }
    match executable {
        Some(executable) if output.status.success() => executable,
        _ => panic!("`{package}` does not build:\n{errors}"),
    }
}

/// Target directory and profile of the running test, from its path `<target>/<profile>/deps/`.
fn location() -> (PathBuf, String) {
    let this = env::current_exe().expect("the path of the running test");
    let directory = this.ancestors().nth(2).expect("a profile's directory");
    let profile = directory
        .file_name()
        .and_then(|name| name.to_str())
        .expect("the name of the profile's directory");
    let profile = if profile == "debug" { "dev" } else { profile };
    let target = directory.parent().expect("the target directory");
    (target.to_owned(), profile.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_address_can_be_listened_on_and_is_not_given_twice() {
        let (first, second) = (free_address(), free_address());
        assert_ne!(first, second);
        TcpListener::bind(first).unwrap();
        TcpListener::bind(second).unwrap();
    }

    #[test]
    fn the_running_test_knows_its_target_directory_and_profile() {
        let (target, profile) = location();
        let directory = if profile == "dev" { "debug" } else { &profile };
        assert!(target.join(directory).join("deps").is_dir());
    }
}
