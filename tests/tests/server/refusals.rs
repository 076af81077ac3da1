//! What the server refuses: with which status and code, and that nothing comes of it.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE};
use http::{HeaderValue, Method, Request, StatusCode};
use serde_json::{Value, json};
use via::prelude::*;
use via::store::{Key, Store as _};
use via_tests::http::{Action, Answer, Tab, Visitor};
use via_tests::serving::{Serving, Witness};

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
    store: Witness,
    visitor: Visitor,
    tab: Tab,
    /// What the page shows, and what was ever written.
    before: (String, Vec<Key>),
}

impl Scene {
    async fn new() -> Self {
        let store = Witness::default();
        let app = via::App::new()
            .store(store.clone())
            .page::<Desk>()
            .page::<Other>()
            .page::<Item>();
        let server = Serving::start(app).await;
        let visitor = server.visitor();
        visitor.get("/").await.assert_ok();
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

    /// The body of an action that would be taken.
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

    /// That body with other fields.
    fn with(&self, fields: &Value) -> Value {
        let mut body = self.body();
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    /// An action with this body, whatever it is; its header names the number.
    fn action(&self, body: impl Into<Bytes>) -> Request<Bytes> {
        self.action_at("/", body)
    }

    fn action_at(&self, path: &str, body: impl Into<Bytes>) -> Request<Bytes> {
        let mut request = self.visitor.post(path, "action", body);
        let number = HeaderValue::from(NUMBER);
        request.headers_mut().insert("via-number", number);
        request
    }

    /// Each kind of `POST`, such as would be taken.
    fn posts(&self) -> [Request<Bytes>; 3] {
        let tabs = json!({ "tabs": [{ "token": self.tab.token(), "frame": null }] });
        [
            self.action(self.body().to_string()),
            self.visitor.post("/", "attach", "{}"),
            self.visitor
                .post("/_via/stream", "stream", tabs.to_string()),
        ]
    }

    /// Sends what must be refused in this way, and looks at what came of it.
    async fn refuses(&self, what: &str, request: Request<Bytes>, status: u16, code: &str) {
        let header = |name| request.headers().get(name)?.to_str().ok();
        let is_action = header("via-request") == Some("action") && request.method() == Method::POST;
        let number: Option<u64> = header("via-number").and_then(|text| text.parse().ok());
        let ack = number.filter(|_| is_action && request.uri() != "/_via/stream");

        let answer = self.visitor.send(request).await.unwrap();
        let seen = (answer.status.as_u16(), answer.code(), answer.ack());
        let text = answer.text();
        assert_eq!(seen, (status, Some(code.to_owned()), ack), "{what}: {text}");
        self.assert_unchanged(what).await;
    }

    async fn assert_unchanged(&self, what: &str) {
        let now = (self.visitor.get("/").await.text(), self.store.written());
        assert_eq!(now, self.before, "{what}");
    }

    /// The visitor goes on: nothing that was refused has used up the number.
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

/// A request with another value of a header, or without it.
fn header(mut request: Request<Bytes>, name: &'static str, value: Option<&str>) -> Request<Bytes> {
    request.headers_mut().remove(name);
    if let Some(value) = value {
        let value = HeaderValue::from_str(value).unwrap();
        request.headers_mut().insert(name, value);
    }
    request
}

/// The same text with one of its characters changed into another of base64, for every place.
fn flips(text: &str) -> impl Iterator<Item = String> {
    (0..text.len()).map(|at| {
        let other = if text.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        format!("{}{other}{}", &text[..at], &text[at + 1..])
    })
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let scene = Scene::new().await;
    let twice = scene.body().to_string().repeat(2);
    let cut = scene.body().to_string()[1..].to_owned();
    let not_utf8 = [b"{\"token\":\"\xff\"}".as_slice(), b""].concat();
    let lossy = scene.body().to_string().replace("{}", r#"{"step":1e400}"#);
    for body in [
        Vec::new(),
        b"{".to_vec(),
        b"nul".to_vec(),
        b"token=1&number=2".to_vec(),
        not_utf8,
        twice.into_bytes(),
        cut.into_bytes(),
        lossy.into_bytes(),
    ] {
        let what = String::from_utf8_lossy(&body).into_owned();
        let request = scene.action(body.clone());
        scene.refuses(&what, request, 400, "not_json").await;
        let request = scene.visitor.post("/_via/stream", "stream", body.clone());
        scene.refuses(&what, request, 400, "not_json").await;
        let request = scene.visitor.post("/", "attach", body);
        scene.refuses(&what, request, 400, "not_json").await;
    }
    scene.goes_on().await;
}

#[tokio::test]
async fn json_over_a_limit_is_refused() {
    let scene = Scene::new().await;
    let nested = |depth: usize| {
        let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let body = scene.body().to_string();
        body.replace(r#""args":[]"#, &format!(r#""args":{text}"#))
    };
    let keys: Value = (0..257).map(|at| (format!("k{at}"), json!(0))).collect();
    let twice = scene
        .body()
        .to_string()
        .replace("{}", r#"{"on":true,"on":true}"#);
    for (what, body) in [
        // The body itself is the first level.
        ("32 levels in the body", nested(32)),
        ("10,000 levels", nested(10_000)),
        (
            "257 keys",
            scene.with(&json!({ "signals": keys })).to_string(),
        ),
        (
            "a key of 65 bytes",
            scene
                .with(&json!({ "signals": { "k".repeat(65): 0 } }))
                .to_string(),
        ),
        (
            "a string of 16 KiB and one",
            scene
                .with(&json!({ "signals": { "text": "x".repeat(16 * 1024 + 1) } }))
                .to_string(),
        ),
        (
            "an array of 1,025",
            scene.with(&json!({ "args": vec![0; 1025] })).to_string(),
        ),
        ("a key twice", twice),
    ] {
        let request = scene.action(body);
        scene.refuses(what, request, 422, "over_limit").await;
    }
    scene.goes_on().await;
}

#[tokio::test]
async fn a_body_may_have_64_kib_and_no_byte_more() {
    let scene = Scene::new().await;
    let padded = |len: usize| {
        let body = scene.body().to_string();
        let padding = " ".repeat(len - body.len());
        body + &padding
    };
    for len in [64 * 1024 + 1, 1024 * 1024] {
        let request = scene.action(padded(len));
        scene
            .refuses("a body that is too large", request, 413, "body_too_large")
            .await;
        let request = scene.visitor.post("/", "attach", " ".repeat(len));
        scene
            .refuses("a body that is too large", request, 413, "body_too_large")
            .await;
    }
    let taken = scene.visitor.send(scene.action(padded(64 * 1024))).await;
    assert_eq!(taken.unwrap().status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_body_of_another_shape_is_refused() {
    let scene = Scene::new().await;
    let mut bodies: Vec<Value> = [
        json!({ "more": 1 }),
        json!({ "token": 1 }),
        json!({ "token": null }),
        json!({ "number": "2" }),
        json!({ "number": -2 }),
        json!({ "number": 2.5 }),
        json!({ "number": null }),
        json!({ "number": 1e30 }),
        json!({ "action": ["Desk::add"] }),
        json!({ "signals": [] }),
        json!({ "signals": null }),
        json!({ "dirty": "step" }),
        json!({ "dirty": [1] }),
        json!({ "dirty": { "step": true } }),
    ]
    .iter()
    .map(|fields| scene.with(fields))
    .collect();
    for field in ["token", "number", "action", "args"] {
        let mut body = scene.body();
        body.as_object_mut().unwrap().remove(field);
        bodies.push(body);
    }
    bodies.extend([json!([]), json!({}), json!(null), json!("text"), json!(7)]);
    for body in bodies {
        let body = body.to_string();
        let request = scene.action(body.clone());
        scene.refuses(&body, request, 422, "malformed").await;
    }
    let token = scene.tab.token();
    for body in [
        json!({}),
        json!({ "tabs": null }),
        json!({ "tabs": token }),
        json!({ "tabs": [token] }),
        json!({ "tabs": [{ "token": 1, "frame": null }] }),
        json!({ "tabs": [{ "frame": null }] }),
        json!({ "tabs": [{ "token": token, "frame": 1 }] }),
        json!({ "tabs": [{ "token": token, "frame": null, "more": 1 }] }),
        json!({ "tabs": [], "more": 1 }),
    ] {
        let body = body.to_string();
        let request = scene.visitor.post("/_via/stream", "stream", body.clone());
        scene.refuses(&body, request, 422, "malformed").await;
    }
    for body in [json!({ "more": 1 }), json!({ "token": 1 }), json!([1])] {
        let body = body.to_string();
        let request = scene.visitor.post("/", "attach", body.clone());
        scene.refuses(&body, request, 422, "malformed").await;
    }
    scene.goes_on().await;
}

#[tokio::test]
async fn a_signal_that_is_not_of_its_type_or_loses_something_is_refused() {
    let scene = Scene::new().await;
    for signals in [
        json!({ "step": 1.5 }),
        json!({ "step": 9_007_199_254_740_993_i64 }),
        json!({ "step": -9_007_199_254_740_993_i64 }),
        json!({ "step": 1e30 }),
        json!({ "step": "1.5" }),
        json!({ "step": "9223372036854775808" }),
        json!({ "step": "abc" }),
        json!({ "step": "" }),
        // A number input that was cleared.
        json!({ "step": null }),
        json!({ "step": true }),
        json!({ "step": [1] }),
        json!({ "small": 300 }),
        json!({ "small": 256 }),
        json!({ "small": -1 }),
        json!({ "small": "300" }),
        json!({ "maybe": 0.5 }),
        json!({ "maybe": "abc" }),
        json!({ "on": "true" }),
        json!({ "on": 1 }),
        json!({ "on": null }),
        json!({ "text": 1 }),
        json!({ "text": null }),
        json!({ "text": { "a": 1 } }),
    ] {
        let edited: Vec<_> = signals.as_object().unwrap().keys().collect();
        for dirty in [json!([]), json!(edited)] {
            let fields = json!({ "signals": signals, "dirty": dirty });
            let request = scene.action(scene.with(&fields).to_string());
            let what = fields.to_string();
            scene.refuses(&what, request, 422, "invalid_signal").await;
        }
    }
    scene.goes_on().await;
}

#[tokio::test]
async fn only_the_signals_that_the_page_takes_are_taken() {
    let scene = Scene::new().await;
    for fields in [
        json!({ "signals": { "nothing": 1 } }),
        json!({ "signals": { "" : 1 } }),
        json!({ "signals": { "Step": 1 } }),
        json!({ "signals": { "Desk.step": 1 } }),
        // A local signal never leaves the browser.
        json!({ "signals": { "open": true } }),
        json!({ "signals": { "_open": true } }),
        // A field of the state is none.
        json!({ "signals": { "count": 100 } }),
        json!({ "dirty": ["nothing"] }),
        json!({ "dirty": ["count"] }),
        json!({ "dirty": ["open"] }),
        json!({ "signals": { "step": 5 }, "dirty": ["step", "count"] }),
    ] {
        let request = scene.action(scene.with(&fields).to_string());
        let what = fields.to_string();
        scene.refuses(&what, request, 422, "unknown_signal").await;
    }
    // A path parameter is none either.
    let item = scene.visitor.attach("/item/1").await;
    let fields = json!({ "token": item.token(), "action": "Item::pick", "signals": { "id": 2 } });
    let request = scene.action_at("/item/1", scene.with(&fields).to_string());
    scene
        .refuses("a parameter", request, 422, "unknown_signal")
        .await;
    scene.goes_on().await;
}

#[tokio::test]
async fn only_the_actions_of_the_page_can_be_called() {
    let scene = Scene::new().await;
    for action in [
        "Desk::remove",
        "Desk::Add",
        "Desk::view",
        "add",
        "",
        "Other::bump",
        "Item::pick",
        "Desk::add ",
        "::add",
    ] {
        let body = scene.with(&json!({ "action": action })).to_string();
        let request = scene.action(body);
        scene.refuses(action, request, 409, "stale_page").await;
    }
    scene.goes_on().await;
}

#[tokio::test]
async fn arguments_that_the_action_does_not_take_are_refused() {
    let scene = Scene::new().await;
    for args in [
        json!([]),
        json!([1]),
        json!([1, "a", "b"]),
        json!(["a", 1]),
        json!(["1", "a"]),
        json!([1.5, "a"]),
        json!([9_223_372_036_854_775_808_u64, "a"]),
        json!([null, "a"]),
        json!([1, null]),
        json!([[1], "a"]),
        json!({ "count": 1, "label": "a" }),
        json!(null),
        json!("a"),
    ] {
        let fields = json!({ "action": "Desk::set", "args": args });
        let request = scene.action(scene.with(&fields).to_string());
        let what = fields.to_string();
        scene
            .refuses(&what, request, 422, "invalid_arguments")
            .await;
    }
    for args in [json!([1]), json!([null]), json!({}), json!(null)] {
        let fields = json!({ "action": "Desk::add", "args": args });
        let request = scene.action(scene.with(&fields).to_string());
        let what = fields.to_string();
        scene
            .refuses(&what, request, 422, "invalid_arguments")
            .await;
    }
    scene.goes_on().await;
}

#[tokio::test]
async fn only_a_token_of_this_page_session_and_app_is_taken() {
    let scene = Scene::new().await;
    let elsewhere = Scene::new().await;
    let other_page = scene.visitor.attach("/other").await;
    let item = scene.visitor.attach("/item/1").await;
    let cookie = scene.visitor.cookies().into_values().next().unwrap();
    let token = scene.tab.token();
    let act = |path: &str, token: &str, action: &str| {
        let fields = json!({ "token": token, "action": action });
        scene.action_at(path, scene.with(&fields).to_string())
    };
    let wrong = [
        "",
        "garbage",
        "AAAA",
        &token[..token.len() - 1],
        &format!("{token}="),
        // A sealed value opens for its purpose alone.
        &cookie,
        elsewhere.tab.token(),
    ];
    for token in wrong {
        let request = act("/", token, "Desk::add");
        scene.refuses(token, request, 400, "bad_token").await;
    }
    for token in flips(token) {
        let request = act("/", &token, "Desk::add");
        scene.refuses(&token, request, 400, "bad_token").await;
    }
    // Good tokens of other pages, as a build has that calls them so.
    for token in [other_page.token(), item.token()] {
        let request = act("/", token, "Desk::add");
        scene.refuses(token, request, 409, "stale_page").await;
    }
    // The right page with other parameters, and none that this token is of.
    for path in ["/item/2", "/item/01", "/item/x"] {
        let request = act(path, item.token(), "Item::pick");
        scene.refuses(path, request, 409, "stale_page").await;
    }
    // The token is good, but somebody else's.
    let somebody = scene.server.visitor();
    somebody.get("/").await.assert_ok();
    let theirs = somebody.attach("/").await;
    let request = act("/", theirs.token(), "Desk::add");
    scene
        .refuses("another session", request, 401, "session_gone")
        .await;
    scene.goes_on().await;
}

#[tokio::test]
async fn only_a_cookie_that_this_app_handed_out_is_taken() {
    let scene = Scene::new().await;
    let elsewhere = Scene::new().await;
    let (name, value) = scene.visitor.cookies().into_iter().next().unwrap();
    let foreign = elsewhere.visitor.cookies().into_values().next().unwrap();
    assert_eq!(name, "via-refusals");
    let mut cookies = vec![
        "garbage".to_owned(),
        String::new(),
        "=;=;;".to_owned(),
        format!("{name}="),
        format!("{name}=garbage"),
        format!("{name}={}", &value[1..]),
        format!("{name}={}", &value[..value.len() - 1]),
        format!("{name}={value}A"),
        format!("{name}={value}="),
        format!("{name}=\"{value}\""),
        format!("{name}={}", scene.tab.token()),
        format!("{name}={foreign}"),
        format!("via-other={value}"),
        format!("__Host-{name}={value}"),
        format!("VIA-REFUSALS={value}"),
    ];
    cookies.extend(flips(&value).map(|value| format!("{name}={value}")));
    for cookie in cookies {
        for request in scene.posts() {
            let request = header(request, COOKIE.as_str(), Some(&cookie));
            scene.refuses(&cookie, request, 401, "session_gone").await;
        }
    }
    for request in scene.posts() {
        let request = header(request, COOKIE.as_str(), None);
        scene.refuses("no cookie", request, 401, "no_cookie").await;
    }
    // Two of one name: what is ours is found.
    let request = scene.visitor.post("/", "attach", "{}");
    let both = format!("{name}=garbage; {name}={value}");
    let answer = scene
        .visitor
        .send(header(request, COOKIE.as_str(), Some(&both)))
        .await;
    answer.unwrap().assert_ok();
    scene.goes_on().await;
}

#[tokio::test]
async fn a_request_of_another_origin_is_refused() {
    let scene = Scene::new().await;
    let port = scene.server.address().port();
    let ours = format!("http://127.0.0.1:{port}");
    let other_port = format!("http://127.0.0.1:{}", port ^ 1);
    let other_scheme = format!("https://127.0.0.1:{port}");
    for (site, origin) in [
        (Some("cross-site"), None),
        (Some("cross-site"), Some(&*ours)),
        (Some("same-site"), None),
        (Some("same-site"), Some(&*ours)),
        (Some("none"), None),
        (Some("none"), Some(&*ours)),
        (Some(""), None),
        (Some("Same-Origin"), None),
        (None, None),
        (None, Some("null")),
        (None, Some("http://evil.example")),
        (None, Some(&*other_port)),
        (None, Some(&*other_scheme)),
        (None, Some(&*format!("{ours}.evil.example"))),
    ] {
        for request in scene.posts() {
            let request = header(request, "sec-fetch-site", site);
            let request = header(request, "origin", origin);
            let what = format!("{site:?} {origin:?} {}", request.uri());
            scene.refuses(&what, request, 403, "cross_origin").await;
        }
    }
    // Without `Sec-Fetch-Site`, our own origin is enough.
    let request = header(
        scene.action(scene.body().to_string()),
        "sec-fetch-site",
        None,
    );
    let answer = scene
        .visitor
        .send(header(request, "origin", Some(&ours)))
        .await;
    assert_eq!(answer.unwrap().status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_request_that_the_client_would_not_make_is_refused() {
    let scene = Scene::new().await;
    for request in scene.posts() {
        let request = header(request, "via-request", None);
        scene
            .refuses("no `Via-Request`", request, 403, "no_via_request")
            .await;
    }
    for kind in ["stream", "Action", "", "action, attach"] {
        let request = scene.action(scene.body().to_string());
        let request = header(request, "via-request", Some(kind));
        scene.refuses(kind, request, 400, "unknown_request").await;
    }
    for kind in [
        None,
        Some(""),
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("application/jsonp"),
        Some("text/json"),
    ] {
        for request in scene.posts() {
            let request = header(request, CONTENT_TYPE.as_str(), kind);
            let what = format!("{kind:?}");
            scene.refuses(&what, request, 415, "not_json").await;
        }
    }
    for encoding in ["gzip", "identity", ""] {
        for request in scene.posts() {
            let request = header(request, CONTENT_ENCODING.as_str(), Some(encoding));
            scene.refuses(encoding, request, 415, "encoded_body").await;
        }
    }
    scene.goes_on().await;
}

#[tokio::test]
async fn a_method_does_what_it_says_and_nothing_else() {
    let scene = Scene::new().await;
    let answer = scene.visitor.get("/_via/stream").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        for mut request in scene.posts() {
            *request.method_mut() = method.clone();
            let answer = scene.visitor.send(request).await.unwrap();
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
            scene.assert_unchanged(method.as_str()).await;
        }
    }
    // No other way to say "POST" is heard.
    for name in [
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
    ] {
        let mut request = header(scene.action(scene.body().to_string()), name, Some("POST"));
        *request.method_mut() = Method::GET;
        let answer = scene.visitor.send(request).await.unwrap();
        assert_eq!((answer.status, answer.ack()), (StatusCode::OK, None));
        scene.assert_unchanged(name).await;

        let form = header(
            scene.visitor.request(Method::POST, "/", "_method=GET"),
            name,
            Some("GET"),
        );
        scene.refuses(name, form, 403, "no_via_request").await;
    }
    let head = scene.visitor.request(Method::HEAD, "/", "");
    let answer = scene.visitor.send(head).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0));
    scene.goes_on().await;
}

#[tokio::test]
async fn a_path_with_a_parameter_that_does_not_parse_is_no_page() {
    let scene = Scene::new().await;
    scene.visitor.get("/item/7").await.assert_ok();
    for path in [
        "/item/x",
        "/item/-1",
        "/item/1.5",
        "/item/4294967296",
        "/item/%20",
    ] {
        let shown = scene.visitor.get(path).await;
        assert_eq!(shown.status, StatusCode::NOT_FOUND, "{path}");
        assert!(shown.text().contains("There is no such page."), "{path}");
        let request = scene.visitor.post(path, "attach", "{}");
        scene.refuses(path, request, 404, "not_found").await;
    }
    for path in ["/nowhere", "/item", "/item/1/more", "/_via/nothing", "//"] {
        let answer = scene.visitor.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        // Whoever acts there has a page of another build.
        let request = scene.action_at(path, scene.body().to_string());
        scene.refuses(path, request, 409, "stale_page").await;
        scene.assert_unchanged(path).await;
    }
    scene.goes_on().await;
}

#[tokio::test]
async fn a_stream_carries_32_tabs_and_no_more() {
    let scene = Scene::new().await;
    let tab = json!({ "token": scene.tab.token(), "frame": null });
    let tabs = json!({ "tabs": vec![tab; 33] }).to_string();
    let request = scene.visitor.post("/_via/stream", "stream", tabs);
    scene
        .refuses("33 tabs", request, 429, "too_many_tabs")
        .await;

    let mut tabs = Vec::new();
    for _ in 0..32 {
        tabs.push(scene.visitor.attach("/").await);
    }
    let mut stream = scene.visitor.stream(&tabs.iter().collect::<Vec<_>>()).await;
    stream.named("via-hello").await;
    for index in 0..32_usize {
        let whole = stream.named("datastar-patch-elements").await;
        assert_eq!(whole.frame().unwrap().tab, index.to_string());
    }
    drop(stream);
    scene.goes_on().await;
}

#[tokio::test]
async fn a_refusal_names_the_number_of_an_action_and_of_nothing_else() {
    let scene = Scene::new().await;
    let ack = async |request| scene.visitor.send(request).await.unwrap().ack();
    let refused = || scene.action("{");
    assert_eq!(ack(refused()).await, Some(NUMBER));
    let largest = u64::MAX.to_string();
    let request = header(refused(), "via-number", Some(&largest));
    assert_eq!(ack(request).await, Some(u64::MAX));
    for number in ["", "x", "-1", "1.5", "18446744073709551616", "0x1"] {
        let request = header(refused(), "via-number", Some(number));
        assert_eq!(ack(request).await, None, "{number}");
    }
    assert_eq!(ack(header(refused(), "via-number", None)).await, None);
    assert_eq!(
        ack(header(refused(), "via-request", Some("attach"))).await,
        None
    );

    // What the body says is what was understood.
    let mut body = scene.body();
    body["token"] = json!("garbage");
    body["number"] = json!(7);
    assert_eq!(ack(scene.action(body.to_string())).await, Some(7));
    scene.assert_unchanged("refusals").await;
    scene.goes_on().await;
}

#[tokio::test]
async fn an_answer_that_asks_to_be_repeated_names_no_number() {
    let scene = Scene::new().await;
    let asks_to_repeat = |answer: &Answer, status| {
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.ack(), None);
    };
    // Nothing is committed, so all wait for the first; more than may wait are turned away.
    let held = scene.store.hold().await;
    let mut sent = tokio::task::JoinSet::new();
    for number in NUMBER..NUMBER + 80 {
        let body = scene.with(&json!({ "number": number })).to_string();
        let (visitor, request) = (scene.visitor.clone(), scene.action(body));
        sent.spawn(async move { visitor.send(header(request, "via-number", None)).await });
    }
    let first = sent.join_next().await.unwrap().unwrap().unwrap();
    asks_to_repeat(&first, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(first.code().as_deref(), Some("busy"));
    drop(held);
    sent.join_all().await;

    scene.store.close().await.unwrap();
    let request = scene.action(scene.with(&json!({ "number": 1000 })).to_string());
    let answer = scene.visitor.send(request).await.unwrap();
    asks_to_repeat(&answer, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.code().as_deref(), Some("unavailable"));
}

/// The same page in two builds.
mod builds {
    pub(super) mod old {
        use via::prelude::*;

        #[via::page("/")]
        pub(crate) struct Shelf {
            #[state]
            count: i64,
        }

        #[via::actions]
        impl Shelf {
            fn add(&mut self) {
                self.count += 1;
            }
        }

        impl View for Shelf {
            fn view(&self, _cx: &Cx<Self>) -> Markup {
                html! { p { (self.count) } }
            }
        }
    }

    pub(super) mod new {
        use via::prelude::*;

        #[via::page("/")]
        pub(crate) struct Shelf {
            #[state]
            count: i64,
            #[signal(default = 10)]
            step: i64,
        }

        #[via::actions]
        impl Shelf {
            fn add(&mut self) {
                self.count += self.step;
            }
        }

        impl View for Shelf {
            fn view(&self, _cx: &Cx<Self>) -> Markup {
                html! { p { (self.count) } }
            }
        }
    }
}

#[tokio::test]
async fn a_tab_of_another_build_is_told_that_its_page_is_stale() {
    let store = Witness::default();
    let app = || via::App::new().store(store.clone());
    let old = Serving::start(app().page::<builds::old::Shelf>()).await;
    let new = Serving::start(app().page::<builds::new::Shelf>()).await;
    let at_old = old.visitor();
    at_old.get("/").await.assert_ok();
    let tab = at_old.attach("/").await;
    tab.act(Action::new("Shelf::add")).await.assert_ok();
    let written = store.written();

    // The cookie and the state are those of both builds, the token is of one.
    let at_new = at_old.at(new.address());
    let page = at_new.get("/").await;
    assert!(page.text().contains("<p>1</p>"), "{}", page.text());
    assert_eq!(page.header("set-cookie"), None);
    let answer = tab.at(&at_new).act(Action::new("Shelf::add")).await;
    assert_eq!(
        (answer.status, answer.code().as_deref(), answer.ack()),
        (StatusCode::CONFLICT, Some("stale_page"), Some(2))
    );
    assert_eq!(store.written(), written);

    // A document of the one build cannot attach to the other as if it were its own.
    let text = at_old.get("/").await.text();
    let (_, mark) = text.split_once("data-via-page=\"").unwrap();
    let attach = json!({ "page": &mark[..16] }).to_string();
    let answer = at_old
        .send(at_old.post("/", "attach", attach.clone()))
        .await;
    answer.unwrap().assert_ok();
    let answer = at_new
        .send(at_new.post("/", "attach", attach))
        .await
        .unwrap();
    assert_eq!(
        (answer.status, answer.code().as_deref()),
        (StatusCode::CONFLICT, Some("stale_page"))
    );

    let tab = at_new.attach("/").await;
    tab.act(Action::new("Shelf::add")).await.assert_ok();
    assert!(at_old.get("/").await.text().contains("<p>11</p>"));
}
