//! What readers cost who take nothing of what they are sent. Alone in its program, because it
//! weighs the whole process.

use http::StatusCode;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use via::App;
use via::prelude::*;
use via_tests::http::{Action, bytes};
use via_tests::serving::Serving;
use via_tests::weight::resident;

const READERS: usize = 500;
const MIB: usize = 1024 * 1024;

#[via::page("/")]
struct Wall {
    #[state]
    size: usize,
}

#[via::actions]
impl Wall {
    fn paint(&mut self, size: usize) {
        self.size = size;
    }
}

impl View for Wall {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! { p { (" ".repeat(self.size)) (self.size) } }
    }
}

/// Opens a stream and never reads from it.
async fn stall(server: &Serving, request: &[u8]) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let mut stream = socket.connect(server.address()).await.unwrap();
    stream.write_all(request).await.unwrap();
    stream.readable().await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_stalled_readers_take_at_most_32_mib_and_nobody_else_notices() {
    let app = App::new().page::<Wall>().streams_per_address(usize::MAX);
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
    let before = resident();
    // More than the buffers of the system take.
    let mut last = 0;
    let mut most = 0;
    for step in 0..60 {
        last = 200_000 + step;
        let answer = tab.act(Action::new("Wall::paint").arg(last)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
        most = most.max(resident().saturating_sub(before));
    }
    let shown = healthy
        .until("with the last picture", |event| {
            event.data.contains(&format!(" {last}<"))
        })
        .await;
    drop(shown);
    println!("{READERS} stalled readers: {} KiB", most / 1024);
    assert!(most <= 32 * MIB, "{} KiB", most / 1024);
    drop(stalled);
}
