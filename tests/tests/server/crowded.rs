//! What a server does if there are more connections than it holds.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use via_tests::alone::{alone_by, binary};
use via_tests::patience::{PATIENCE, eventually};
use via_tests::server::{Options, Program, Server};
use via_tests::serving::Serving;
use via_tests::wall::wall;

const HEALTH: &[u8] = b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Connects from an address of the loopback range.
async fn connect_from(last: u8, server: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let from = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0));
    socket.set_reuseaddr(true).unwrap();
    socket.bind(from).unwrap();
    socket.connect(server).await.unwrap()
}

/// Sends a request over a connection and reads the answer, which has a short body.
async fn ask(connection: &mut TcpStream) -> io::Result<()> {
    connection.write_all(HEALTH).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"live") {
        if connection.read_buf(&mut answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
    Ok(())
}

/// Connections from one address that have had an answer and are kept.
async fn idle(count: usize, last: u8, server: SocketAddr) -> Vec<TcpStream> {
    let mut connections = Vec::new();
    for _ in 0..count {
        let mut connection = connect_from(last, server).await;
        timeout(PATIENCE, ask(&mut connection))
            .await
            .expect("an answer in time")
            .expect("an answer");
        connections.push(connection);
    }
    connections
}

/// Whether the server has closed the connection.
fn is_closed(connection: &TcpStream) -> bool {
    match connection.try_read(&mut [0; 64]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}

/// Waits until the server has closed so many of them.
async fn closed(connections: &[TcpStream], count: usize) {
    eventually("so many connections are closed", async || {
        let closed = connections.iter().filter(|it| is_closed(it)).count();
        assert!(closed <= count, "{closed} are closed");
        (closed == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn one_address_keeps_1_024_connections_and_shuts_nobody_out() {
    let server = Serving::start(wall()).await;
    let theirs = idle(2_000, 2, server.address()).await;
    let mut ours = idle(1, 1, server.address()).await;
    eventually("the others are closed", async || {
        let open = theirs.iter().filter(|it| !is_closed(it)).count();
        (open <= 1_024).then_some(())
    })
    .await;
    // The latest are the ones that are kept.
    assert!(theirs[1_000..].iter().all(|it| !is_closed(it)));
    ask(&mut ours[0]).await.unwrap();
}

#[tokio::test]
async fn a_full_server_closes_the_connection_that_was_idle_longest() {
    let app = wall().connections(10);
    let server = Serving::start(app).await;
    let mut connections = Vec::new();
    for last in 1..=10 {
        connections.extend(idle(1, last, server.address()).await);
    }
    // The first one is used again.
    ask(&mut connections[0]).await.unwrap();
    let mut new = idle(3, 100, server.address()).await;
    closed(&connections, 3).await;
    assert!(connections[1..4].iter().all(is_closed));
    for connection in connections[4..].iter_mut().chain([&mut new[0]]) {
        ask(connection).await.unwrap();
    }
}

#[tokio::test]
async fn unfinished_requests_shut_nobody_out() {
    let server = Serving::start(wall().connections(10)).await;
    let post = "POST / HTTP/1.1\r\nhost: localhost\r\nsec-fetch-site: same-origin\r\n\
        via-request: attach\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    for unfinished in ["", "GET / HT", post] {
        let mut connections = Vec::new();
        for last in 1..=10 {
            let mut connection = connect_from(last, server.address()).await;
            connection.write_all(unfinished.as_bytes()).await.unwrap();
            connections.push(connection);
        }
        idle(1, 100, server.address()).await;
        closed(&connections, 1).await;
    }
}

#[tokio::test]
async fn a_proxy_that_is_trusted_has_no_limit_of_its_own() {
    let app = wall()
        .connections_per_address(2)
        .trusted_proxies(["127.0.0.7"]);
    let server = Serving::start(app).await;
    let proxy = idle(10, 7, server.address()).await;
    let client = idle(3, 8, server.address()).await;
    closed(&client, 1).await;
    assert!(!proxy.iter().any(is_closed));
}

/// Runs `body` in a process that may open so many files.
#[track_caller]
fn with_files(count: usize, test: &str, body: impl FnOnce()) {
    let command = || {
        let mut command = Command::new("sh");
        let script = format!("ulimit -n {count} && exec \"$0\" \"$@\"");
        command.arg("-c").arg(script).arg(binary());
        command
    };
    alone_by(test, command, body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_a_file_descriptor_left_still_answers() {
    let counter = Server::build("counter-example");
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("counter");
    let program = counter.executable().display();
    let text = format!("#!/bin/sh\nulimit -n 64\nexec {program}\n");
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let server = Program::at("counter-example", script).start(Options::default());
    let theirs = idle(200, 2, server.address()).await;
    let mut ours = idle(1, 1, server.address()).await;
    ask(&mut ours[0]).await.unwrap();
    assert!(theirs.iter().any(is_closed));
}

/// What an app says when it starts.
#[tokio::main(flavor = "current_thread")]
async fn said_at_start() -> String {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .init();
    Serving::start(wall()).await.stop().await;
    log.text()
}

#[test]
fn an_app_that_may_open_too_few_files_says_so() {
    let test = "crowded::an_app_that_may_open_too_few_files_says_so";
    with_files(1_024, test, || {
        let said = said_at_start();
        assert!(said.contains("allowed=1024 needed=8448"), "{said}");
    });
}

#[test]
fn an_app_that_may_open_enough_files_says_nothing() {
    let test = "crowded::an_app_that_may_open_enough_files_says_nothing";
    with_files(16_384, test, || {
        let said = said_at_start();
        assert!(!said.contains("needed"), "{said}");
    });
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
