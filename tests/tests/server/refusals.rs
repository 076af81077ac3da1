//! What the server refuses, with which status and code, and that a refused request changes nothing.

mod answers;
mod bodies;
mod builds;
mod calls;
mod identity;
mod requests;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode};
use serde_json::{Value, json};
use via::prelude::*;
use via::store::Key;
use via_tests::client::{Action, Tab, Visitor};
use via_tests::serving::Serving;
use via_tests::stores::Faulty;

#[via::page("/")]
struct Desk {
    #[state]
    count: i64,
    #[state]
    label: String,
    #[signal(default = 1)]
    step: i64,
    #[signal]
    small: u8,
    #[signal]
    maybe: Option<i64>,
    #[signal]
    on: bool,
    #[signal]
    text: String,
    #[signal(local)]
    open: bool,
}

#[via::actions]
impl Desk {
    fn add(&mut self) {
        self.count += self.step;
    }

    fn set(&mut self, count: i64, label: String) {
        self.count = count;
        self.label = label;
    }
}

impl View for Desk {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            p { (self.count) " " (self.label) }
            p data-show=(cx.open()) { (self.small) (self.on) (self.text) (self.maybe.unwrap_or(0)) }
            button data-on:click=(cx.add()) { "Add" }
        }
    }
}

#[via::page("/other")]
struct Other {
    #[state]
    count: i64,
}

#[via::actions]
impl Other {
    fn bump(&mut self) {
        self.count += 1;
    }
}

impl View for Other {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! { p { (self.count) } }
    }
}

#[via::page("/item/{id}")]
struct Item {
    #[param]
    id: u32,
    #[state]
    count: i64,
}

#[via::actions]
impl Item {
    fn pick(&mut self) {
        self.count += 1;
    }
}

impl View for Item {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! { p { (self.id) " " (self.count) } }
    }
}

/// The number of the action that every row of a table sends.
const NUMBER: u64 = 2;

/// A served app, and a visitor whose tab has acted once.
struct Scene {
    server: Serving,
    store: Faulty,
    visitor: Visitor,
    tab: Tab,
    /// What the page shows, and all writes so far.
    before: (String, Vec<Key>),
}

impl Scene {
    async fn new() -> Self {
        let store = Faulty::default();
        let app = via::App::new()
            .store(store.clone())
            .page::<Desk>()
            .page::<Other>()
            .page::<Item>();
        let server = Serving::start(app).await;
        let visitor = server.visit("/").await;
        let tab = visitor.attach("/").await;
        tab.act(Action::new("Desk::add")).await.assert_ok();
        let page = visitor.get("/").await.text();
        assert!(page.contains("<p>1 </p>"), "{page}");
        let before = (page, store.written());
        Self {
            server,
            store,
            visitor,
            tab,
            before,
        }
    }

    /// The body of an action that the server accepts.
    fn body(&self) -> Value {
        json!({
            "token": self.tab.token(),
            "number": NUMBER,
            "action": "Desk::add",
            "args": [],
            "signals": {},
            "dirty": [],
        })
    }

    /// The same body with other fields.
    fn with(&self, fields: &Value) -> Value {
        let mut body = self.body();
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    /// An action with this body, whatever it contains; its header has the number.
    fn action(&self, body: impl Into<Bytes>) -> Request<Bytes> {
        self.action_at("/", body)
    }

    fn action_at(&self, path: &str, body: impl Into<Bytes>) -> Request<Bytes> {
        let mut request = self.visitor.post(path, "action", body);
        let number = HeaderValue::from(NUMBER);
        request.headers_mut().insert("via-number", number);
        request
    }

    /// One accepted `POST` of each kind.
    fn posts(&self) -> [Request<Bytes>; 3] {
        let tabs = json!({ "tabs": [{ "token": self.tab.token(), "frame": null }] });
        [
            self.action(self.body().to_string()),
            self.visitor.post("/", "attach", "{}"),
            self.visitor
                .post("/_via/stream", "stream", tabs.to_string()),
        ]
    }

    /// Sends a request that must be refused with this status and code, and checks that nothing changed.
    async fn refuses(&self, what: &str, request: Request<Bytes>, status: u16, code: &str) {
        let header = |name| request.headers().get(name)?.to_str().ok();
        let is_action = header("via-request") == Some("action") && request.method() == Method::POST;
        let number: Option<u64> = header("via-number").and_then(|text| text.parse().ok());
        let ack = number.filter(|_| is_action && request.uri() != "/_via/stream");

        let answer = self.visitor.send(request).await.unwrap();
        let seen = (answer.status.as_u16(), answer.code(), answer.ack());
        let text = answer.text();
        assert_eq!(seen, (status, Some(code.to_owned()), ack), "{what}: {text}");
        assert_eq!(answer.json()["definite"], true, "{what}: {text}");
        self.assert_unchanged(what).await;
    }

    async fn assert_unchanged(&self, what: &str) {
        let now = (self.visitor.get("/").await.text(), self.store.written());
        assert_eq!(now, self.before, "{what}");
    }

    /// The visitor can go on: no refused action has used up the number.
    async fn goes_on(self) {
        let body = self.body().to_string();
        let answer = self.visitor.send(self.action(body)).await.unwrap();
        assert_eq!(
            (answer.status, answer.ack()),
            (StatusCode::NO_CONTENT, Some(NUMBER))
        );
        let page = self.visitor.get("/").await.text();
        assert!(page.contains("<p>2 </p>"), "{page}");
        self.server.stop().await;
    }
}

/// A request with another value for a header, or without the header.
fn header(mut request: Request<Bytes>, name: &'static str, value: Option<&str>) -> Request<Bytes> {
    request.headers_mut().remove(name);
    if let Some(value) = value {
        let value = HeaderValue::from_str(value).unwrap();
        request.headers_mut().insert(name, value);
    }
    request
}
