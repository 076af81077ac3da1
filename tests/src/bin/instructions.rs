//! Fixed work whose instructions are counted: `bash scripts/instructions` runs this under
//! Callgrind and compares the counts with `instructions.json`.
//!
//! The first argument names the work, the second says how often it runs. The script runs each work
//! twice, the second time with twice as many repetitions: the difference is the cost of the
//! repetitions. Without arguments it prints the names, each with a sufficient number of repetitions.

use std::{
    future::{Future, poll_fn},
    hint::black_box,
    io::Write as _,
    pin::pin,
    process::ExitCode,
    task::Poll,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower_service::Service as _;
use via::{
    __private::{encode, render},
    diff::{Patch, Tree},
    prelude::*,
};

/// Its name, how often it runs, and the function that runs it that often.
type Work = (&'static str, usize, fn(usize));

const WORK: [Work; 11] = [
    ("render_counter", 1000, render_counter),
    ("render_table", 10, render_table),
    ("diff_counter", 1000, diff_counter),
    ("diff_one_cell_of_1000_rows", 100, diff_one_cell),
    ("diff_row_in_front_of_1000", 10, diff_row_in_front),
    ("diff_reversed_1000_rows", 4, diff_reversed),
    ("encode_counter", 1000, encode_counter),
    ("page", 100, page),
    ("action", 200, action),
    ("action_and_patch", 200, action_and_patch),
    ("action_with_patch", 200, action_with_patch),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        let mut out = std::io::stdout().lock();
        for (name, times, _) in WORK {
            writeln!(out, "{name} {times}").expect("somebody reads this");
        }
        return ExitCode::SUCCESS;
    };
    let times = arguments.next().and_then(|times| times.parse().ok());
    let work = WORK.iter().find(|(known, ..)| *known == name);
    let (Some((.., work)), Some(times)) = (work, times) else {
        eprintln!("there is no work `{name}`, or it does not say how often");
        return ExitCode::FAILURE;
    };
    work(times);
    ExitCode::SUCCESS
}

#[via::page("/counter")]
struct Counter {
    #[state]
    count: i64,
    #[signal(default = 1)]
    step: i64,
}

#[via::actions]
impl Counter {
    fn increment(&mut self) {
        self.count += self.step;
    }
}

impl View for Counter {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            h1 { "Counter" }
            p { "Count: " output { (self.count) } }
            label { "Step " input type="number" data-bind=(cx.step()); }
            button data-on:click=(cx.increment()) { "Increment" }
        }
    }
}

#[via::page("/goods")]
struct Goods {
    #[state]
    rows: Vec<(usize, String)>,
}

#[via::actions]
impl Goods {
    fn remove(&mut self, at: usize) {
        self.rows.remove(at);
    }
}

impl View for Goods {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            table {
                tbody {
                    @for (number, name) in &self.rows {
                        tr {
                            td { (number) }
                            td { (name) }
                            td { (number * 7) }
                            td { "in stock" }
                            td { button data-on:click=(cx.remove(*number)) { "Remove" } }
                        }
                    }
                }
            }
        }
    }
}

fn goods() -> Goods {
    let rows = (0..1000)
        .map(|number| (number, format!("name {number}")))
        .collect();
    Goods { rows }
}

fn counter(count: i64) -> String {
    render(&Counter { count, step: 1 })
}

fn render_counter(times: usize) {
    let page = Counter { count: 41, step: 1 };
    for _ in 0..times {
        black_box(render(black_box(&page)));
    }
}

fn render_table(times: usize) {
    let page = goods();
    for _ in 0..times {
        black_box(render(black_box(&page)));
    }
}

/// The tree of the old page is already there, as on a server.
fn update(times: usize, old: String, new: &str) {
    let old = Tree::parse(old);
    for _ in 0..times {
        black_box(black_box(&old).update(new.to_owned()));
    }
}

fn diff_counter(times: usize) {
    update(times, counter(41), &counter(42));
}

fn diff_one_cell(times: usize) {
    let (old, mut new) = (goods(), goods());
    "another".clone_into(&mut new.rows[700].1);
    update(times, render(&old), &render(&new));
}

fn diff_row_in_front(times: usize) {
    let (old, mut new) = (goods(), goods());
    new.rows.insert(0, (5000, "fresh".to_owned()));
    update(times, render(&old), &render(&new));
}

fn diff_reversed(times: usize) {
    let (old, mut new) = (goods(), goods());
    new.rows.reverse();
    update(times, render(&old), &render(&new));
}

fn encode_counter(times: usize) {
    let (_, patches) = Tree::parse(counter(41)).update(counter(42));
    let patches: Vec<Patch> = patches;
    for _ in 0..times {
        black_box(encode(black_box(&patches), "0/7"));
    }
}

/// A visitor who comes with a cookie and gets the page.
fn page(times: usize) {
    run(async {
        let mut app = Program::new().await;
        for _ in 0..times {
            black_box(app.get().await);
        }
    });
}

/// An action of a tab without a stream.
fn action(times: usize) {
    run(async {
        let mut app = Program::new().await;
        for number in 1..=times {
            app.act(number).await;
        }
    });
}

/// An action, and the patch on the stream of its tab.
fn action_and_patch(times: usize) {
    run(async {
        let mut app = Program::new().await;
        let (mut stream, _) = app.open_stream().await;
        for number in 1..=times {
            app.act(number).await;
            next(&mut stream).await;
        }
    });
}

/// An action, and the patch in its answer, because the stream of its tab waits.
fn action_with_patch(times: usize) {
    run(async {
        let mut app = Program::new().await;
        let (mut stream, id) = app.open_stream().await;
        let waits = poll_fn(|cx| Poll::Ready(pin!(stream.frame()).poll(cx).is_pending()));
        assert!(waits.await, "there is more on the stream");
        app.stream = Some(id);
        for number in 1..=times {
            app.act(number).await;
        }
    });
}

async fn next(stream: &mut Body) -> Bytes {
    let frame = stream.frame().await.expect("the stream goes on");
    let frame = frame.expect("the stream does not fail");
    black_box(frame.into_data().expect("it is not a trailer"))
}

fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the runtime starts")
        .block_on(work);
}

/// The counter behind its router, and a tab.
struct Program {
    router: Router,
    cookie: String,
    token: String,
    /// What its actions name.
    stream: Option<String>,
}

impl Program {
    async fn new() -> Self {
        let app = via::App::new()
            // The rate limit is for visitors; here it would limit what is counted.
            .action_rate(1_000_000, 1_000_000)
            .page::<Counter>();
        let mut program = Self {
            router: app.into_router(),
            cookie: String::new(),
            token: String::new(),
            stream: None,
        };
        let headers = program.get().await;
        let cookie = headers[header::SET_COOKIE].to_str().expect("it is text");
        let cookie = cookie.split(';').next().expect("there is a first part");
        cookie.clone_into(&mut program.cookie);
        let (_, attached) = program.post("/counter", "attach", "{}".to_owned()).await;
        let attached = attached.collect().await.expect("it arrives").to_bytes();
        let attached: Value = serde_json::from_slice(&attached).expect("it is JSON");
        let token = attached["token"].as_str().expect("there is a token");
        token.clone_into(&mut program.token);
        program
    }

    async fn get(&mut self) -> HeaderMap {
        let request = Request::get("/counter")
            .header(header::COOKIE, &self.cookie)
            .body(Body::empty())
            .expect("it is a request");
        let response = self.router.call(request).await.expect("it cannot fail");
        assert_eq!(response.status(), StatusCode::OK);
        let (head, body) = response.into_parts();
        black_box(body.collect().await.expect("it arrives").to_bytes());
        head.headers
    }

    /// Numbers are long, so that all of them have the same number of digits.
    async fn act(&mut self, number: usize) {
        let body = json!({
            "token": self.token,
            "number": 1_000_000 + number,
            "action": "Counter::increment",
            "args": [],
            "signals": { "step": 1 },
            "dirty": [],
        });
        let (status, answer) = self.post("/counter", "action", body.to_string()).await;
        if self.stream.is_none() {
            assert_eq!(status, StatusCode::NO_CONTENT);
        } else {
            assert_eq!(status, StatusCode::OK);
            black_box(answer.collect().await.expect("it arrives").to_bytes());
        }
    }

    /// The stream of its tab after the first action, and the stream's id.
    async fn open_stream(&mut self) -> (Body, String) {
        let tabs = json!({ "tabs": [{ "token": self.token }] }).to_string();
        let (_, mut stream) = self.post("/_via/stream", "stream", tabs).await;
        self.act(0).await;
        let first = next(&mut stream).await;
        let first = String::from_utf8_lossy(&first);
        let id = first.split("\"stream\":\"").nth(1);
        let id = id.and_then(|rest| rest.split('"').next());
        (stream, id.expect("the greeting says an id").to_owned())
    }

    async fn post(&mut self, path: &str, kind: &str, body: String) -> (StatusCode, Body) {
        let request = Request::post(path)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/json")
            .header("sec-fetch-site", "same-origin")
            .header("via-request", kind)
            .header("via-stream", self.stream.as_deref().unwrap_or_default())
            .body(Body::from(body))
            .expect("it is a request");
        let response = self.router.call(request).await.expect("it cannot fail");
        let (head, body) = response.into_parts();
        (head.status, body)
    }
}
