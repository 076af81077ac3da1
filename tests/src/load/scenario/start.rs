//! From the start of a program to the first byte of its first page, and its size.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::load::{
    figures::{Line as Report, median, micros},
    process,
    wire::PATIENCE,
};

/// Starts the program `rounds` times with each store, and this program as the floor.
pub(crate) fn run(program: &Path, rounds: usize) -> io::Result<()> {
    process::unpin()?;
    let own = std::env::current_exe()?;
    let directory = tempfile::tempdir_in(own.parent().unwrap_or(Path::new(".")))?;
    let sqlite = format!("sqlite://{}", directory.path().join("start.db").display());
    for store in ["memory:", &sqlite] {
        let (mut took, mut floor) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            floor.push(first_byte(Command::new(&own).arg("floor"))?);
            took.push(first_byte(Command::new(program).env("VIA_STORE", store))?);
        }
        let (took, floor) = (median(&took), median(&floor));
        Report::new("start")
            .text("store", store.split(':').next().unwrap_or_default())
            .count("rounds", rounds)
            .figure("first_byte_ms", took)
            .figure("floor_ms", floor)
            .figure("ratio", floor / took)
            .perhaps("stripped_mib", stripped(program, directory.path()))
            .say();
    }
    process::pin(1)
}

/// A process that ends when its measurement does.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The milliseconds until a server has sent something.
fn first_byte(command: &mut Command) -> io::Result<f64> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    command
        .env("VIA_ADDR", address.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let began = Instant::now();
    let _running = Running(command.spawn()?);
    let mut socket = connected(address, began + PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let get = format!("GET / HTTP/1.1\r\nhost: {address}\r\n\r\n");
    socket.write_all(get.as_bytes())?;
    socket.read_exact(&mut [0])?;
    Ok(micros(began.elapsed()) / 1000.0)
}

fn connected(address: SocketAddr, until: Instant) -> io::Result<TcpStream> {
    loop {
        match TcpStream::connect(address) {
            Ok(socket) => return Ok(socket),
            Err(error) if Instant::now() > until => return Err(error),
            // Polls often, without taking the processor time that the start needs.
            Err(_) => thread::sleep(Duration::from_micros(200)),
        }
    }
}

/// The size of the program without its symbols, in MiB, if `strip` is installed.
fn stripped(program: &Path, directory: &Path) -> Option<f64> {
    let small = directory.join("stripped");
    let done = Command::new("strip")
        .arg("-o")
        .args([small.as_path(), program])
        .status()
        .ok()?;
    let bytes = small.metadata().ok().filter(|_| done.success())?.len();
    #[expect(clippy::cast_precision_loss, reason = "a figure, not an amount")]
    Some(bytes as f64 / 1024.0 / 1024.0)
}
