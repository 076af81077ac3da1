//! Sessions from the first cookie to their end, and how an app is set up.

use std::cell::RefCell;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use via::prelude::*;
use via::store::{Key, Loaded, Store as _, Timestamp};
use via::{App, Clock};
use via_tests::client::{Action, Answer, Tab, Visitor};
use via_tests::serving::Serving;
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

#[tokio::test]
async fn on_plain_loopback_http_the_cookie_is_neither_secure_nor_prefixed() {
    let server = Serving::start(App::new().page::<Desk>()).await;
    let visitor = server.visitor();
    let answer = visitor.get("/").await;
    let value = &visitor.cookies()["via-sessions"];
    assert_eq!(
        answer.header("set-cookie").unwrap(),
        format!("via-sessions={value}; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax")
    );
    // Whoever has one is not given another.
    assert_eq!(visitor.get("/").await.header("set-cookie"), None);
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
}

#[tokio::test]
async fn behind_https_the_cookie_is_secure_and_bound_to_the_host() {
    let served = Serving::start(
        App::new()
            .page::<Desk>()
            .name("shop")
            .session_timeouts(IDLE, ABSOLUTE)
            .origin("https://shop.example"),
    )
    .await;
    let routed = serve(App::new().page::<Desk>().name("shop").into_router()).await;
    let routed_with_origin = serve(
        App::new()
            .page::<Desk>()
            .name("shop")
            .origin("https://shop.example")
            .into_router(),
    )
    .await;
    for (address, max_age) in [
        (served.address(), 3600),
        (routed, 7_776_000),
        (routed_with_origin, 7_776_000),
    ] {
        let visitor = Visitor::new(address);
        // What a request says of itself changes nothing.
        let mut request = visitor.request(Method::GET, "/", "");
        let headers = request.headers_mut();
        headers.insert("host", "localhost".parse().unwrap());
        headers.insert("x-forwarded-proto", "http".parse().unwrap());
        let answer = visitor.send(request).await.unwrap();
        let value = &visitor.cookies()["__Host-via-shop"];
        assert_eq!(
            answer.header("set-cookie").unwrap(),
            format!(
                "__Host-via-shop={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax; Secure"
            )
        );
        add(&visitor.attach("/").await).await;
        assert_eq!(count(&visitor).await, 1);
    }
}

/// As HTTP/2 allows it, which the user's own server may speak.
#[tokio::test]
async fn cookies_may_come_in_several_fields() {
    let server = Serving::start(App::new().page::<Desk>()).await;
    let visitor = server.visit("/").await;
    let mut request = visitor.post("/", "attach", "{}");
    let ours = request.headers_mut().remove("cookie").unwrap();
    for cookie in [
        HeaderValue::from_static("a=1"),
        ours,
        HeaderValue::from_static("b=2"),
    ] {
        request.headers_mut().append("cookie", cookie);
    }
    visitor.send(request).await.unwrap().assert_ok();
}

#[tokio::test]
async fn two_apps_on_one_host_do_not_disturb_each_other() {
    let store = Faulty::default();
    let app = |name: &str| App::new().store(store.clone()).page::<Desk>().name(name);
    let one = Serving::start(app("one")).await;
    let two = Serving::start(app("two")).await;
    let at_one = one.visitor();
    let at_two = at_one.at(two.address());
    for (visitor, times) in [(&at_one, 1), (&at_two, 2), (&at_one, 3)] {
        visitor.get("/").await.assert_ok();
        let tab = visitor.attach("/").await;
        for _ in 0..times {
            add(&tab).await;
        }
    }
    assert_eq!((count(&at_one).await, count(&at_two).await), (4, 2));
    let names: Vec<_> = at_one.cookies().into_keys().collect();
    assert_eq!(names, ["via-one", "via-two"]);
}

#[tokio::test]
async fn nothing_is_stored_for_who_only_looks() {
    let store = Faulty::default();
    let server = Serving::start(App::new().store(store.clone()).page::<Desk>()).await;
    let mut cookies = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let crawler = server.visit("/").await;
        cookies.extend(crawler.cookies().into_values());
    }
    assert_eq!(cookies.len(), 100);
    let only_the_key: Vec<_> = Key::new("via/key").into_iter().collect();
    assert_eq!(store.written(), only_the_key);

    // Nor for who attaches and opens a stream.
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    let mut stream = visitor.stream(&[&tab]).await;
    stream.named("datastar-patch-elements").await;
    assert_eq!(store.written(), only_the_key);

    add(&tab).await;
    assert_eq!(sessions(&store).len(), 1);
    add(&tab).await;
    let mut keys = sessions(&store);
    keys.dedup();
    assert_eq!((keys.len(), store.written().len()), (1, 3));
}

#[tokio::test]
async fn no_secret_of_a_cookie_reaches_the_store_or_the_log() {
    let log = Log::of_everything();
    let directory = tempfile::tempdir().unwrap();
    let mut cookies = Vec::new();
    let mut tokens = Vec::new();
    {
        let store = SqliteStore::open(directory.path().join("via.db")).unwrap();
        let server = Serving::start(App::new().store(store).page::<Desk>()).await;
        for _ in 0..20 {
            let visitor = server.visit("/").await;
            let tab = visitor.attach("/").await;
            let mut stream = visitor.stream(&[&tab]).await;
            add(&tab).await;
            stream.named("datastar-patch-elements").await;
            let stumbled = tab.act(Action::new("Desk::stumble")).await;
            assert_eq!(stumbled.status, StatusCode::INTERNAL_SERVER_ERROR);
            cookies.extend(visitor.cookies().into_values());
            tokens.push(tab.token().to_owned());

            // What is refused is not told either.
            let (name, value) = visitor.cookies().pop_first().unwrap();
            visitor.set_cookie(&name, &value[1..]);
            assert_session_gone(&visitor.try_attach("/").await);
        }
        assert_nothing_leaked(directory.path(), &log, &cookies, &tokens);
        server.stop().await;
    }
    assert_nothing_leaked(directory.path(), &log, &cookies, &tokens);
}

fn assert_nothing_leaked(directory: &Path, log: &Log, cookies: &[String], tokens: &[String]) {
    assert_eq!((cookies.len(), tokens.len()), (20, 20));
    let log = log.0.lock().unwrap().clone();
    assert!(
        contains(&log, b"stumbled on purpose"),
        "something is logged"
    );
    let mut files = Vec::new();
    for file in std::fs::read_dir(directory).unwrap() {
        files.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    assert!(contains(&files, b"Desk.count"), "something is stored");

    for cookie in cookies {
        let payload = URL_SAFE_NO_PAD.decode(cookie).unwrap();
        let (id, secret) = (&payload[..16], &payload[16..48]);
        assert!(
            spellings(secret)
                .iter()
                .any(|it| contains(cookie.as_bytes(), it))
        );
        for spelling in spellings(secret) {
            let text = String::from_utf8_lossy(&spelling);
            assert!(!contains(&files, &spelling), "the store holds {text}");
            assert!(!contains(&log, &spelling), "the log holds {text}");
        }
        for spelling in spellings(id) {
            let text = String::from_utf8_lossy(&spelling);
            assert!(!contains(&log, &spelling), "the log holds the id {text}");
        }
        assert!(!contains(&files, cookie.as_bytes()));
    }
    for token in tokens {
        assert!(
            !contains(&files, token.as_bytes()),
            "the store holds a token"
        );
        assert!(!contains(&log, token.as_bytes()), "the log holds a token");
    }
}

/// All the ways in which somebody might write these bytes down.
fn spellings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex = |upper: bool| -> Vec<u8> {
        let digit = |byte: &u8| {
            if upper {
                format!("{byte:02X}")
            } else {
                format!("{byte:02x}")
            }
        };
        bytes.iter().map(digit).collect::<String>().into_bytes()
    };
    let listed = format!("{bytes:?}");
    let listed = listed.trim_matches(['[', ']']);
    let mut all = vec![
        bytes.to_vec(),
        hex(false),
        hex(true),
        listed.into(),
        listed.replace(' ', "").into_bytes(),
    ];
    // In base64, bytes look different behind one or two others.
    for before in 0..3 {
        let shifted = [&[0; 2][..before], bytes].concat();
        let (from, to) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
        for text in [
            STANDARD_NO_PAD.encode(&shifted),
            URL_SAFE_NO_PAD.encode(&shifted),
        ] {
            all.push(text[from..to].into());
        }
    }
    all
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    // Most bytes are not the first of the part, and are passed by quickly.
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == part[0]) {
        if rest[at..].starts_with(part) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

/// All that the program logs, at every level.
#[derive(Clone)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn of_everything() -> Self {
        let log = Self(Arc::default());
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_writer(move || writer.clone())
            .try_init()
            .expect("nobody else in this program takes the log");
        log
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An app with a clock that stands still, and a visitor who has counted to 1.
struct Timed {
    clock: Clock,
    store: Faulty,
    server: Serving,
    visitor: Visitor,
    tab: Tab,
}

impl Timed {
    async fn new(idle: Duration, absolute: Duration) -> Self {
        let clock = Clock::manual(Timestamp::from_millis(1_000_000_000_000));
        let store = Faulty::default();
        let app = App::new()
            .store(store.clone())
            .clock(clock.clone())
            .session_timeouts(idle, absolute)
            .page::<Desk>();
        let server = Serving::start(app).await;
        let visitor = server.visit("/").await;
        let tab = visitor.attach("/").await;
        add(&tab).await;
        Self {
            clock,
            store,
            server,
            visitor,
            tab,
        }
    }

    /// The session is over for whoever comes with its cookie or its token, and stays so.
    async fn assert_over(self) {
        let old = self.visitor.cookies();
        let written = self.store.written();
        let answer = self.tab.act(Action::new("Desk::add")).await;
        assert_session_gone(&answer);
        assert_eq!(answer.ack(), Some(2));
        assert_session_gone(&self.visitor.try_attach("/").await);
        let stream = self.visitor.stream(&[&self.tab]).await;
        assert_eq!(stream.status(), StatusCode::UNAUTHORIZED);

        let page = self.visitor.get("/").await;
        assert!(page.header("set-cookie").is_some());
        assert!(page.text().contains("<output>0</output>"));
        assert_ne!(self.visitor.cookies(), old);
        // The old token is of no use to the new session.
        assert_session_gone(&self.tab.act(Action::new("Desk::add")).await);
        assert_eq!(self.store.written(), written);

        let tab = self.visitor.attach("/").await;
        add(&tab).await;
        assert_eq!(count(&self.visitor).await, 1);
        let mut keys = sessions(&self.store);
        keys.dedup();
        assert_eq!(keys.len(), 2);
        self.server.stop().await;
    }
}

const TICK: Duration = Duration::from_millis(1);

#[tokio::test]
async fn a_session_that_nobody_used_ends() {
    let timed = Timed::new(IDLE, ABSOLUTE).await;
    timed.clock.advance(IDLE.checked_sub(TICK).unwrap());
    add(&timed.tab).await;
    assert_eq!(count(&timed.visitor).await, 2);
    // That was a use.
    timed.clock.advance(IDLE.checked_sub(TICK).unwrap());
    assert_eq!(count(&timed.visitor).await, 2);
    // So was that.
    timed.clock.advance(IDLE.checked_sub(TICK).unwrap());
    assert_eq!(count(&timed.visitor).await, 2);

    let timed = Timed::new(IDLE, ABSOLUTE).await;
    timed.clock.advance(IDLE);
    timed.assert_over().await;
}

#[tokio::test]
async fn a_session_ends_after_its_absolute_time_however_much_it_is_used() {
    let timed = Timed::new(IDLE, ABSOLUTE).await;
    for _ in 0..11 {
        timed.clock.advance(ABSOLUTE / 12);
        assert_eq!(count(&timed.visitor).await, 1);
    }
    timed.clock.advance(ABSOLUTE / 12);
    timed.assert_over().await;
}

#[tokio::test]
async fn the_absolute_time_may_be_as_short_as_the_idle_one() {
    let timed = Timed::new(IDLE, IDLE).await;
    timed.clock.advance(IDLE / 2);
    assert_eq!(count(&timed.visitor).await, 1);
    timed.clock.advance(IDLE / 2);
    timed.assert_over().await;
}

#[tokio::test]
async fn a_visit_that_never_committed_is_over_after_the_idle_time() {
    let timed = Timed::new(IDLE, ABSOLUTE).await;
    let visitor = timed.server.visitor();
    visitor.get("/").await.assert_ok();
    let tab = visitor.attach("/").await;
    timed.clock.advance(IDLE.checked_sub(TICK).unwrap());
    assert_eq!(visitor.get("/").await.header("set-cookie"), None);
    timed.clock.advance(TICK);
    let written = timed.store.written();
    assert_session_gone(&tab.act(Action::new("Desk::add")).await);
    assert_session_gone(&visitor.try_attach("/").await);
    assert!(visitor.get("/").await.header("set-cookie").is_some());
    assert_eq!(timed.store.written(), written);
}

#[tokio::test]
async fn an_open_stream_is_no_use_of_a_session_and_hears_of_its_end() {
    let timed = Timed::new(IDLE, ABSOLUTE).await;
    let mut stream = timed.visitor.stream(&[&timed.tab, &timed.tab]).await;
    stream.named("datastar-patch-elements").await;
    timed.clock.advance(IDLE);
    // The stream looks when somebody asks for the session.
    assert_session_gone(&timed.tab.act(Action::new("Desk::add")).await);
    for tab in ["0", "1"] {
        let event = stream.named("via-tab").await;
        assert_eq!(event.json()["code"], "session_gone");
        assert_eq!(event.frame().unwrap().tab, tab);
    }
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_session_that_was_ended_stays_so() {
    let store = Faulty::default();
    let server = Serving::start(App::new().store(store.clone()).page::<Desk>()).await;
    let visitor = server.visit("/").await;
    let tab = visitor.attach("/").await;
    let idle_tab = visitor.attach("/").await;
    add(&tab).await;
    let mut stream = visitor.stream(&[&tab, &idle_tab]).await;
    stream.named("datastar-patch-elements").await;

    let keys = sessions(&store);
    let now = Clock::system().now();
    let deleted = store.delete(&keys, Timestamp::NEVER, now).await.unwrap();
    assert_eq!((keys.len(), deleted), (1, 1));
    let written = store.written();
    for tab in ["0", "1"] {
        let event = stream.named("via-tab").await;
        assert_eq!(event.json()["code"], "session_gone");
        assert_eq!(event.frame().unwrap().tab, tab);
    }
    assert_eq!(stream.next().await, None);

    for (tab, number) in [(&tab, 2), (&idle_tab, 1), (&tab, 3)] {
        let answer = tab.act(Action::new("Desk::add")).await;
        assert_session_gone(&answer);
        assert_eq!(answer.ack(), Some(number));
    }
    assert_session_gone(&visitor.try_attach("/").await);
    let refused = visitor.stream(&[&tab]).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let old = visitor.cookies();
    assert_eq!(count(&visitor).await, 0);
    assert_ne!(visitor.cookies(), old);
    assert_session_gone(&tab.act(Action::new("Desk::add")).await);

    assert_eq!(store.written(), written);
    assert_eq!(store.load(&keys, now).await.unwrap(), [Loaded::Deleted]);
}

#[tokio::test]
async fn cookies_tabs_and_state_outlive_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let start = async || {
        let store = SqliteStore::open(directory.path().join("via.db")).unwrap();
        Serving::start(App::new().store(store).page::<Desk>()).await
    };
    let first = start().await;
    let visitor = first.visit("/").await;
    let tab = visitor.attach("/").await;
    add(&tab).await;
    first.stop().await;

    let second = start().await;
    let visitor = visitor.at(second.address());
    assert_eq!(visitor.get("/").await.header("set-cookie"), None);
    assert_eq!(count(&visitor).await, 1);
    let tab = tab.at(&visitor);
    // What was acknowledged before is not done again.
    let again = tab.act(Action::new("Desk::add").number(1)).await;
    assert_eq!((again.ack(), again.revision()), (Some(1), Some(1)));
    add(&tab).await;
    assert_eq!(count(&visitor).await, 2);
    second.stop().await;
}

#[tokio::test]
async fn two_servers_on_one_file_serve_one_session() {
    let directory = tempfile::tempdir().unwrap();
    let start = async || {
        let store = SqliteStore::open(directory.path().join("via.db")).unwrap();
        Serving::start(App::new().store(store).page::<Desk>()).await
    };
    let (one, two) = (start().await, start().await);
    let at_one = one.visit("/").await;
    let at_two = at_one.at(two.address());
    let tab_one = at_one.attach("/").await;
    let tab_two = at_two.attach("/").await;
    let mut stream = at_two.stream(&[&tab_two]).await;
    for round in 0..5 {
        add(&tab_one).await;
        assert_eq!(count(&at_two).await, 2 * round + 1);
        add(&tab_two).await;
        assert_eq!(count(&at_one).await, 2 * round + 2);
    }
    assert_eq!(at_two.cookies().len(), 1);
    add(&tab_one).await;
    stream
        .until("that shows 11", |event| {
            event
                .field("elements")
                .is_some_and(|html| html.contains(">11<"))
        })
        .await;
    one.stop().await;
    assert_eq!(count(&at_two).await, 11);
    two.stop().await;
}

#[tokio::test]
async fn every_response_carries_the_default_headers() {
    let css = "output { color: green }";
    let app = App::new().stylesheet(css).page::<Desk>().page::<Item>();
    let server = Serving::start(app).await;
    let visitor = server.visitor();
    let page = visitor.get("/").await;
    let link = |before: &str| {
        let text = page.text();
        // The app's own stylesheets come after the client's.
        let from = text.rfind(before).unwrap() + before.len();
        let len = text[from..].find('"').unwrap();
        text[from..from + len].to_owned()
    };
    let script = visitor.get(&link("type=\"module\" src=\"")).await;
    let style = visitor.get(&link("rel=\"stylesheet\" href=\"")).await;
    assert_eq!(style.text(), css);
    for asset in [&script, &style] {
        asset.assert_ok();
        let cached = asset.header("cache-control");
        assert_eq!(cached, Some("public, max-age=31536000, immutable"));
    }
    let attached = visitor.try_attach("/").await;
    let tab = visitor.attach("/").await;
    let action = tab.act(Action::new("Desk::add")).await;
    let stream = visitor.stream(&[&tab]).await;
    let mut foreign = visitor.post("/", "action", "{}");
    foreign.headers_mut().remove("sec-fetch-site");
    let foreign = visitor.send(foreign).await.unwrap();
    let large = visitor.post("/", "action", " ".repeat(70_000));
    let large = visitor.send(large).await.unwrap();

    for (what, status, answer) in [
        ("a page", 200, page),
        ("the script", 200, script),
        ("a stylesheet", 200, style),
        ("an attach", 200, attached),
        ("an action", 204, action),
        ("a panic", 500, tab.act(Action::new("Desk::stumble")).await),
        ("a page that panics", 500, visitor.get("/item/13").await),
        ("a wrong parameter", 404, visitor.get("/item/x").await),
        ("no page", 404, visitor.get("/nowhere").await),
        ("no asset", 404, visitor.get("/_via/0/boot.js").await),
        ("another method", 405, visitor.get("/_via/stream").await),
        ("another origin", 403, foreign),
        ("a large body", 413, large),
    ] {
        assert_eq!(answer.status.as_u16(), status, "{what}");
        assert_default_headers(what, &answer.headers);
    }
    assert_eq!(stream.status(), StatusCode::OK);
    assert_default_headers("a stream", stream.headers());
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store, no-transform"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(stream.headers()[name], value);
    }
}

fn assert_default_headers(what: &str, headers: &HeaderMap) {
    let policy = "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; \
                  frame-ancestors 'none'; form-action 'self'; require-trusted-types-for 'script'; \
                  trusted-types via";
    for (name, value) in [
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
    ] {
        let there: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(there, [value], "{name} of {what}");
    }
}

#[tokio::test]
async fn plain_http_for_other_machines_is_refused_unless_it_is_asked_for() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let Err(error) = App::new().page::<Desk>().bind(address).await else {
            panic!("an app serves plain HTTP on {address}");
        };
        assert!(error.is_config() && !error.is_io() && !error.is_store());
        let text = error.to_string();
        let host = address.strip_suffix('0').unwrap();
        assert!(
            text.starts_with(&format!("refusing to serve plain HTTP on {host}")),
            "{text}"
        );
        assert!(
            text.ends_with(
                "because session cookies would travel in the clear; say how browsers reach the \
                 app, as in `App::origin(\"https://app.example.com\")`"
            ),
            "{text}"
        );
        // What `main` prints when it returns the error.
        assert_eq!(format!("{error:?}"), text);
    }
    for origin in ["https://app.example", "http://10.0.0.1:3000"] {
        let app = App::new().page::<Desk>().origin(origin);
        app.bind("0.0.0.0:0").await.unwrap();
    }
}

#[tokio::test]
async fn timeouts_that_make_no_sense_are_refused_at_start() {
    const SECOND: Duration = Duration::from_secs(1);
    let refused = async |idle, absolute, said: &str| {
        let line = line!() + 1;
        let app = || App::new().session_timeouts(idle, absolute);
        let error = app().bind("127.0.0.1:0").await.unwrap_err();
        assert!(error.is_config() && !error.is_io() && !error.is_store());
        let text = error.to_string();
        let place = format!("the session timeouts at {}:{line}:", file!());
        assert!(text.starts_with(&place), "{text}");
        assert!(text.contains(said), "{text}");
        assert!(text.contains("; write "), "{text}");
        assert!(text.contains("as in `App::session_timeouts("), "{text}");
        assert!(app().serve("127.0.0.1:0").await.unwrap_err().is_config());
        assert_eq!(panic_of(|| drop(app().into_router())).message, text);
    };
    refused(Duration::ZERO, IDLE, "nobody used for 0ns").await;
    refused(Duration::ZERO, Duration::ZERO, "nobody used for 0ns").await;
    refused(Duration::from_millis(999), SECOND, "nobody used for 999ms").await;
    refused(IDLE, Duration::ZERO, "every session after 0ns").await;
    refused(IDLE + TICK, IDLE, "every session after 600s").await;
    for (idle, absolute) in [(SECOND, SECOND), (IDLE, IDLE), (IDLE, Duration::MAX)] {
        let app = || App::new().session_timeouts(idle, absolute);
        app().bind("127.0.0.1:0").await.unwrap();
        let _ = app().into_router();
    }
}

#[tokio::test]
async fn a_store_without_room_for_the_key_of_the_cookies_is_refused_at_start() {
    for store in [
        MemoryStore::with_limits(0, 1024),
        MemoryStore::with_limits(9, 0),
    ] {
        let error = App::new()
            .store(store)
            .bind("127.0.0.1:0")
            .await
            .unwrap_err();
        assert!(error.is_store() && !error.is_config());
        assert!(
            error.to_string().starts_with("the store is full: "),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error_of_the_network() {
    let first = App::new().bind("127.0.0.1:0").await.unwrap();
    let error = App::new().bind(first.address()).await.unwrap_err();
    assert!(error.is_io() && !error.is_config());
    assert!(format!("{error:?}").starts_with("cannot listen on the given address: "));
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("nowhere/via.db");
    let missing = format!("sqlite://{}", place.display());
    for (url, said) in [
        ("sqlite:counter.db", "two slashes must follow `sqlite:`"),
        ("sqlite://", "the name of a file is missing"),
        ("sqlite://:memory:", "a store in memory is `memory:`"),
        ("sqlite://a.db?mode=ro", "there is no option `mode`"),
        (
            "mysql://host/db",
            "`mysql:` is not the beginning of any store's URL",
        ),
        ("counter.db", "it has no scheme"),
        (&*missing, "cannot open the store"),
    ] {
        let error = via::Error::from(via::store::open(url).await.unwrap_err());
        let text = error.to_string();
        assert!(text.contains(said), "{url}: {text}");
        assert!(format!("{error:?}").starts_with(&text));
        assert!(error.is_store());
    }
}

mod one {
    use via::prelude::*;

    #[via::page("/shelf/{id}")]
    pub(super) struct Shelf {
        #[param]
        id: u32,
    }

    impl View for Shelf {
        fn view(&self, _cx: &Cx<Self>) -> Markup {
            html! { (self.id) }
        }
    }
}

mod two {
    use via::prelude::*;

    #[via::page("/other")]
    pub(super) struct Shelf {}

    impl View for Shelf {
        fn view(&self, _cx: &Cx<Self>) -> Markup {
            html! {}
        }
    }

    #[via::page("/shelf/{name}")]
    pub(super) struct Rack {
        #[param]
        name: String,
    }

    impl View for Rack {
        fn view(&self, _cx: &Cx<Self>) -> Markup {
            html! { (self.name) }
        }
    }

    #[via::page("/_via/mine")]
    pub(super) struct Mine {}

    impl View for Mine {
        fn view(&self, _cx: &Cx<Self>) -> Markup {
            html! {}
        }
    }
}

#[test]
fn two_pages_of_one_route_or_name_stop_the_program_where_the_second_is_added() {
    let first = line!() + 1;
    let app = || App::new().page::<one::Shelf>();
    let route = line!() + 1;
    let same_route = panic_of(|| drop(app().page::<two::Rack>()));
    let name = line!() + 1;
    let same_name = panic_of(|| drop(app().page::<two::Shelf>()));
    for (panic, line, said) in [
        (
            &same_route,
            route,
            "the route `/shelf/{name}` is taken twice",
        ),
        (&same_name, name, "two pages are named `Shelf`"),
    ] {
        assert_eq!(panic.place, format!("{}:{line}", file!()));
        assert!(panic.message.starts_with(said), "{}", panic.message);
        for place in [first, line] {
            let place = format!("added at {}:{place}:", file!());
            assert!(panic.message.contains(&place), "{}", panic.message);
        }
        assert!(panic.message.contains("sessions::one::Shelf"));
        assert!(panic.message.contains("sessions::two::"));
    }
    let line = line!() + 1;
    let ours = panic_of(|| drop(App::new().page::<two::Mine>()));
    assert_eq!(ours.place, format!("{}:{line}", file!()));
    assert!(ours.message.contains("belong to the framework"));
}

#[test]
fn a_wrong_name_or_origin_stops_the_program_at_its_line() {
    let line = line!() + 1;
    let name = panic_of(|| drop(App::new().name("my app")));
    assert_eq!(name.place, format!("{}:{line}", file!()));
    assert!(name.message.ends_with("not \"my app\""), "{}", name.message);
    let line = line!() + 1;
    let origin = panic_of(|| drop(App::new().origin("app.example")));
    assert_eq!(origin.place, format!("{}:{line}", file!()));
    assert!(
        origin.message.ends_with("not \"app.example\""),
        "{}",
        origin.message
    );
    let app = App::new().origin("https://a.example");
    let line = line!() + 1;
    let mixed = panic_of(|| drop(app.origin("http://a.example")));
    assert_eq!(mixed.place, format!("{}:{line}", file!()));
    assert!(mixed.message.contains("either by `https` or by `http`"));
}

struct Panic {
    message: String,
    place: String,
}

thread_local! {
    static LAST_PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs what must panic, and says with what words and where.
fn panic_of(run: impl FnOnce()) -> Panic {
    static NOTE_PLACES: Once = Once::new();
    NOTE_PLACES.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let place = info.location().unwrap();
            let place = format!("{}:{}", place.file(), place.line());
            LAST_PLACE.with_borrow_mut(|last| *last = place);
            usual(info);
        }));
    });
    let payload = panic::catch_unwind(AssertUnwindSafe(run)).expect_err("this panics");
    Panic {
        message: *payload.downcast().expect("the panic has a text"),
        place: LAST_PLACE.take(),
    }
}

/// Serves a router on a port of its own, for as long as the test lasts.
async fn serve(router: axum::Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

#[tokio::test]
async fn an_app_works_below_a_path_of_another_router() {
    let app = App::new().page::<Desk>().page::<Item>();
    let router = axum::Router::new()
        .route("/", axum::routing::get(|| async { "the other program" }))
        .nest("/apps/desk", app.into_router());
    let visitor = Visitor::new(serve(router).await);
    assert_eq!(visitor.get("/").await.text(), "the other program");
    assert!(visitor.cookies().is_empty());

    let page = visitor.get("/apps/desk").await;
    page.assert_ok();
    assert_default_headers("a page", &page.headers);
    let text = page.text();
    for (kind, wanted) in [("text/css", "href=\""), ("text/javascript", "src=\"")] {
        let from = text.find(wanted).expect("a link") + wanted.len();
        let path = text[from..].split('"').next().unwrap();
        assert!(path.starts_with("/apps/desk/_via/"), "{path}");
        let file = visitor.get(path).await;
        file.assert_ok();
        assert_eq!(file.header("content-type"), Some(kind));
    }

    let tab = visitor.attach("/apps/desk").await;
    let mut stream = visitor
        .resume_at("/apps/desk/_via/stream", &[(&tab, None)])
        .await;
    stream.named("datastar-patch-elements").await;
    add(&tab).await;
    let patch = stream.named("datastar-patch-elements").await;
    assert_eq!(
        patch.field("elements").as_deref(),
        Some("<output>1</output>")
    );
    assert_eq!(count_at(&visitor, "/apps/desk").await, 1);
    let item = visitor.get("/apps/desk/item/7").await;
    assert!(item.text().contains("<p>7</p>"));
}
