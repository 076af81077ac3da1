//! The cost of readers that take nothing of what the server sends. The test has its own process,
//! because it measures the memory of the whole process. Nothing runs beside it, because a server
//! without processor time cannot free what readers took.

use std::process::Command;

use http::StatusCode;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use via_tests::alone::{alone_by, binary};
use via_tests::client::{Action, bytes};
use via_tests::serving::Serving;
use via_tests::wall::wall;
use via_tests::weight::resident;

use crate::TURN;

const READERS: usize = 500;
const STEPS: usize = 60;
const MIB: usize = 1024 * 1024;

/// Opens a stream and never reads from it.
async fn stall(server: &Serving, request: &[u8]) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let mut stream = socket.connect(server.address()).await.unwrap();
    stream.write_all(request).await.unwrap();
    stream.readable().await.unwrap();
    stream
}

/// The size from which on glibc returns a block as soon as it is freed. By default glibc raises it when
/// the first large block is freed, and then keeps tens of MiB for later. The readers do not hold that
/// memory, and it would hide what they do hold.
const THRESHOLD: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "131072");

#[test]
fn five_hundred_stalled_readers_take_at_most_32_mib_and_nobody_else_notices() {
    let _turn = TURN.blocking_lock();
    let command = || {
        let mut command = Command::new(binary());
        command.env(THRESHOLD.0, THRESHOLD.1);
        command
    };
    let body = || {
        let most = weigh();
        eprintln!("{READERS} stalled readers: {} KiB", most / 1024);
        assert!(most <= 32 * MIB, "{} KiB", most / 1024);
    };
    alone_by(
        "stalled_readers::five_hundred_stalled_readers_take_at_most_32_mib_and_nobody_else_notices",
        command,
        body,
    );
}

/// The most memory that the process takes for stalled readers and one healthy one, in bytes.
#[tokio::main]
async fn weigh() -> usize {
    let app = wall().streams_per_address(usize::MAX);
    let server = Serving::start(app).await;
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    let body = json!({ "tabs": [{ "token": tab.token() }] }).to_string();
    let request = bytes(&visitor.post("/_via/stream", "stream", body));
    let mut stalled = Vec::new();
    for _ in 0..READERS {
        stalled.push(stall(&server, &request).await);
    }
    let mut healthy = visitor.stream(&[&tab]).await;
    let last = 200_000 + STEPS - 1;
    // A tab that takes what it is sent notices nothing of the others.
    let healthy = tokio::spawn(async move {
        let picture = format!(" {last}<");
        while let Some(event) = healthy.next().await {
            if event.data.contains(&picture) {
                return;
            }
        }
        panic!("its stream ended before the last picture");
    });
    let before = resident();
    // More than fits into the buffers of the system.
    let mut most = 0;
    for step in 0..STEPS {
        let action = Action::new("Wall::paint").arg(200_000 + step);
        let answer = tab.act(action).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
        most = most.max(resident().saturating_sub(before));
    }
    healthy.await.unwrap();
    drop(stalled);
    most
}
