//! A Redis for the load generator, and the lowest cost of a commit in it.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{figures::rate, wire::PATIENCE};

/// Compares, sets, expires and publishes, as a commit does.
const SCRIPT: &str = "local now = redis.call('HGET', KEYS[1], 'revision') or '0' \
    if now ~= ARGV[1] then return now end \
    redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'bytes', ARGV[3]) \
    redis.call('PEXPIRE', KEYS[1], 600000) \
    redis.call('PUBLISH', 'floor', KEYS[1]) \
    return ARGV[2]";

/// A running `redis-server`, on the core of the generator. Dropping the value kills it.
#[derive(Debug)]
pub(super) struct Redis {
    child: Child,
    address: SocketAddr,
}

impl Redis {
    pub(super) fn start(directory: &Path) -> io::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let port = address.port().to_string();
        let child = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "no", "--maxmemory-policy", "noeviction"])
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| io::Error::other(format!("redis-server: {error}")))?;
        let redis = Self { child, address };
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            if Instant::now() > until {
                return Err(io::Error::other("redis-server does not listen"));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(redis)
    }

    pub(super) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the script for `callers` keys at once, in a pipeline. Returns how many run in a second.
pub(super) fn bare_scripts(redis: &Redis, callers: usize, time: Duration) -> io::Result<f64> {
    let mut out = TcpStream::connect(redis.address)?;
    out.set_nodelay(true)?;
    out.set_read_timeout(Some(PATIENCE))?;
    let mut answers = BufReader::new(out.try_clone()?);
    // Its own database, so that the documents of the measured server stay.
    for own in [&["SELECT", "1"][..], &["FLUSHDB"]] {
        out.write_all(&command(own))?;
        read(&mut answers)?;
    }
    out.write_all(&command(&["SCRIPT", "LOAD", SCRIPT]))?;
    let hash = read(&mut answers)?;
    let bytes = "x".repeat(200);
    let began = Instant::now();
    let mut revision = 0;
    while began.elapsed() < time {
        let (old, new) = (revision.to_string(), (revision + 1).to_string());
        let mut batch = Vec::new();
        for caller in 0..callers {
            let key = format!("floor/{caller}");
            batch.extend(command(&["EVALSHA", &hash, "1", &key, &old, &new, &bytes]));
        }
        out.write_all(&batch)?;
        for _ in 0..callers {
            let answer = read(&mut answers)?;
            if answer != new {
                return Err(io::Error::other(format!("redis answered {answer}")));
            }
        }
        revision += 1;
    }
    Ok(rate(revision * callers, began.elapsed()))
}

fn command(words: &[&str]) -> Vec<u8> {
    let length = |word: &&str| format!("${}\r\n{word}\r\n", word.len());
    let words: Vec<_> = words.iter().map(length).collect();
    format!("*{}\r\n{}", words.len(), words.concat()).into_bytes()
}

/// One answer that is a text.
fn read(answers: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    if line.starts_with('$') {
        line.clear();
        answers.read_line(&mut line)?;
        return Ok(line.trim_end().to_owned());
    }
    match line.strip_prefix('+') {
        Some(text) => Ok(text.trim_end().to_owned()),
        None => Err(io::Error::other(format!("redis answered {line}"))),
    }
}
