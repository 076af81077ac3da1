//! Whatever arrives on a connection of the HTTP server.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use crate::{App, prelude::*};

/// How long the server may take to end a connection whose client sends nothing more.
const PATIENCE: Duration = Duration::from_secs(8);

const THREAD: &str = "the server of the fuzzer";

static PANICKED: AtomicBool = AtomicBool::new(false);

#[via_macros::page("/")]
struct Home {
    #[signal]
    step: i64,
    #[state]
    count: i64,
}

#[via_macros::actions]
impl Home {
    fn add(&mut self) {
        self.count += self.step;
    }
}

impl View for Home {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! { p data-text=(cx.step()) { (self.count) } button data-on:click=(cx.add()) {} }
    }
}

#[via_macros::page("/rooms/{room}")]
struct Room {
    #[param]
    room: String,
}

#[via_macros::actions]
impl Room {}

impl View for Room {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! { h1 { (self.room) } }
    }
}

/// Sends the input to a server and ends the request side of the connection. The server must end it too, with
/// whole answers, at most one for each head in the input and one for a broken rest, and none after it said
/// that it closes. It must never be at fault.
pub(super) fn check(input: &[u8]) {
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    let server = SERVER.get_or_init(serve);
    let mut socket = TcpStream::connect(server).expect("the server accepts");
    socket
        .set_read_timeout(Some(PATIENCE))
        .expect("a timeout can be set");
    // The server may answer and close before it has read everything.
    let _ = socket.write_all(input);
    let _ = socket.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    match socket.read_to_end(&mut answer) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
            panic!("the server keeps the connection")
        }
        // A reset, because the server has not read everything.
        _ => {}
    }
    assert!(!PANICKED.load(Ordering::SeqCst), "the server has panicked");
    let heads = heads(input);
    let count = answers(&answer, input).expect("the answers are whole");
    assert!(count <= heads + 1, "{count} answers to {heads} heads");
}

fn serve() -> SocketAddr {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if thread::current().name() == Some(THREAD) {
            PANICKED.store(true, Ordering::SeqCst);
        }
        before(panic);
    }));
    let (told, address) = mpsc::channel();
    thread::Builder::new()
        .name(THREAD.to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let app = App::new().page::<Home>().page::<Room>();
                let server = app.bind("127.0.0.1:0").await.expect("the app starts");
                told.send(server.address())
                    .expect("the fuzzer waits for it");
                server.run().await.expect("the app is served");
            });
        })
        .expect("a thread");
    address.recv().expect("the server has started")
}

/// How many heads end in the input, however they break lines.
fn heads(input: &[u8]) -> usize {
    let lines = input.split(|&byte| byte == b'\n');
    lines
        .skip(1)
        .filter(|line| line.is_empty() || *line == b"\r")
        .count()
}

/// How many answers these are, beside those that announce another one.
fn answers(mut rest: &[u8], input: &[u8]) -> Result<usize, String> {
    let mut count = 0;
    while !rest.is_empty() {
        let (head, body) = split(rest, b"\r\n\r\n").ok_or("a head is cut")?;
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        let status: u16 = head
            .strip_prefix("http/1.")
            .and_then(|rest| rest.get(2..5)?.parse().ok())
            .ok_or_else(|| format!("no answer begins with {head:?}"))?;
        if status >= 500 {
            return Err(format!("the server is at fault: {head:?}"));
        }
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(':'));
            lines
                .rfind(|(is, _)| *is == name)
                .map(|(_, value)| value.trim())
        };
        let length = header("content-length").and_then(|length| length.parse().ok());
        rest = match length {
            _ if matches!(status, 100..200 | 204 | 304) => body,
            // To a HEAD.
            Some(0..)
                if input.windows(5).any(|bytes| bytes == b"HEAD ")
                    && (body.is_empty() || body.starts_with(b"HTTP/1.")) =>
            {
                body
            }
            Some(length) => body.get(length..).ok_or("a body is cut")?,
            None if header("transfer-encoding") == Some("chunked") => after_chunks(body)?,
            None => &[],
        };
        count += usize::from(status >= 200);
        if header("connection") == Some("close") && !rest.is_empty() {
            return Err("there is more after the last answer".to_owned());
        }
    }
    Ok(count)
}

fn after_chunks(mut rest: &[u8]) -> Result<&[u8], String> {
    loop {
        let (size, body) = split(rest, b"\r\n").ok_or("the size of a chunk is cut")?;
        let size = str::from_utf8(size)
            .ok()
            .and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.ok_or("a chunk has no size")?;
        let (_, after) = body
            .split_at_checked(size)
            .and_then(|(chunk, after)| Some((chunk, after.strip_prefix(b"\r\n")?)))
            .ok_or("a chunk is cut")?;
        rest = after;
        if size == 0 {
            return Ok(rest);
        }
    }
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let found = bytes.windows(at.len()).position(|bytes| bytes == at)?;
    Some((&bytes[..found], &bytes[found + at.len()..]))
}
