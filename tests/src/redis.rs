//! A Redis server that a test can kill.

use std::{
    fs::File,
    io::Write,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::{patience::wait_until, server::free_address};

/// A running `redis-server`, with its own port and directory. Dropping the value ends it.
#[derive(Debug)]
pub struct Redis {
    directory: TempDir,
    address: SocketAddr,
    settings: Vec<String>,
    child: Option<Child>,
}

impl Redis {
    /// Starts a server with these settings, written as in its configuration file:
    /// `appendfsync always`.
    #[track_caller]
    #[must_use]
    pub fn start(settings: &[&str]) -> Self {
        let mut redis = Self {
            directory: tempfile::tempdir().expect("a directory can be made"),
            address: free_address(),
            settings: settings.iter().map(|&it| it.to_owned()).collect(),
            child: None,
        };
        redis.launch();
        redis
    }

    /// A server that loses no acknowledged write if its process dies, and at most two seconds of writes
    /// if the power fails.
    #[track_caller]
    #[must_use]
    pub fn start_logging() -> Self {
        Self::start(&["appendonly yes", "appendfsync everysec"])
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as a URL, to which options can be added.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Where its files are.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Changes a setting for the next start.
    pub fn set(&mut self, setting: &str) {
        self.settings.push(setting.to_owned());
    }

    /// Ends the process at once, as `kill -9` does.
    #[track_caller]
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the server can be killed");
            child.wait().expect("a killed server ends");
        }
    }

    /// Starts it again on the same port, with the same files.
    #[track_caller]
    pub fn restart(&mut self) {
        self.kill();
        self.launch();
    }

    /// The process id.
    #[track_caller]
    pub fn id(&self) -> u32 {
        self.child.as_ref().expect("the server runs").id()
    }

    /// Sends the server a command.
    #[track_caller]
    pub fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        self.try_ask(words)
            .unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// Like [`ask`](Self::ask), for a server that may refuse the command.
    ///
    /// # Errors
    ///
    /// What the server answers instead.
    pub fn try_ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> redis::RedisResult<T> {
        ask(self.address, words)
    }

    fn launch(&mut self) {
        let output = File::create(self.directory().join("output")).expect("a file can be made");
        let errors = output.try_clone().expect("a file can be opened twice");
        let mut command = Command::new("redis-server");
        command
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors);
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("`redis-server` cannot be started, see `scripts/test`: {error}")
        });
        let configuration = format!(
            "bind {}\nport {}\ndir {}\nsave \"\"\ndaemonize no\n{}\n",
            self.address.ip(),
            self.address.port(),
            self.directory().display(),
            self.settings.join("\n")
        );
        let mut input = child.stdin.take().expect("the input is piped");
        input
            .write_all(configuration.as_bytes())
            .expect("the server reads its configuration");
        drop(input);
        self.child = Some(child);
        wait_until("redis-server answers", || {
            let child = self.child.as_mut()?;
            if let Ok(Some(status)) = child.try_wait() {
                let said = std::fs::read_to_string(self.directory.path().join("output"));
                panic!(
                    "redis-server ended with {status}: {}",
                    said.unwrap_or_default()
                );
            }
            match ask::<String>(self.address, &["PING"]) {
                Ok(_) => Some(()),
                // It answers, even if only to say that it wants a password.
                Err(error) => matches!(error.code(), Some("NOAUTH")).then_some(()),
            }
        });
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends a command to the server at an address.
///
/// # Errors
///
/// What came instead of an answer.
pub fn ask<T: redis::FromRedisValue>(address: SocketAddr, words: &[&str]) -> redis::RedisResult<T> {
    let client = redis::Client::open(format!("redis://{address}"))?;
    let mut connection = client.get_connection_with_timeout(crate::patience::PATIENCE)?;
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command.query(&mut connection)
}
