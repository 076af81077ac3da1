//! Sessions from the first cookie to their end, and the settings of an app.

mod cookies;
mod ends;
mod headers;
mod leaks;
mod nested;
mod outlive;
mod start;

use std::net::SocketAddr;
use std::time::Duration;

use http::StatusCode;
use via::prelude::*;
use via::store::Key;
use via_tests::client::{Action, Answer, Tab, Visitor};
use via_tests::stores::Faulty;

#[via::page("/")]
struct Desk {
    #[state]
    count: i64,
}

#[via::actions]
impl Desk {
    fn add(&mut self) {
        self.count += 1;
    }

    fn stumble(&mut self) {
        panic!("stumbled on purpose after {}", self.count);
    }
}

impl View for Desk {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            output { (self.count) }
            button data-on:click=(cx.add()) { "Add" }
            button data-on:click=(cx.stumble()) { "Stumble" }
        }
    }
}

#[via::page("/item/{id}")]
struct Item {
    #[param]
    id: u32,
}

impl View for Item {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        assert!(self.id != 13, "this view panics on purpose");
        html! { p { (self.id) } }
    }
}

const IDLE: Duration = Duration::from_mins(10);

const ABSOLUTE: Duration = Duration::from_hours(1);

async fn count(visitor: &Visitor) -> i64 {
    count_at(visitor, "/").await
}

async fn count_at(visitor: &Visitor, path: &str) -> i64 {
    let page = visitor.get(path).await;
    page.assert_ok();
    let text = page.text();
    let from = text.find("<output>").expect("the page shows a count") + "<output>".len();
    let len = text[from..].find('<').unwrap();
    text[from..from + len].parse().unwrap()
}

async fn add(tab: &Tab) {
    let answer = tab.act(Action::new("Desk::add")).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
}

fn assert_session_gone(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.code().as_deref()),
        (StatusCode::UNAUTHORIZED, Some("session_gone")),
        "{}",
        answer.text()
    );
}

/// The keys of sessions that were written.
fn sessions(store: &Faulty) -> Vec<Key> {
    let mut keys = store.written();
    keys.retain(|key| key.as_str().starts_with("session/"));
    keys
}

const TICK: Duration = Duration::from_millis(1);

/// Serves a router on a port of its own, for as long as the test lasts.
async fn serve(router: axum::Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}
