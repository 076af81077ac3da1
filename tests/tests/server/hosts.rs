//! Apps that share a host: with neighbours that set cookies, in one program, and at several ports.

use std::net::SocketAddr;

use axum::Router;
use http::{HeaderValue, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use via::App;
use via::prelude::*;
use via_tests::client::{Action, Answer, Visitor};
use via_tests::patience::PATIENCE;
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

    fn enter(&mut self, fx: &mut Effects) -> Result<(), via::EffectError> {
        fx.session().login("ann")
    }

    fn go(&mut self, fx: &mut Effects) -> Result<(), via::EffectError> {
        fx.redirect("/item/7")
    }

    fn leave(&mut self, fx: &mut Effects) -> Result<(), via::EffectError> {
        fx.redirect_from_root("/login")
    }
}

impl View for Desk {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            output id="count" { (self.count) }
            a id="base" { (cx.base()) }
            button data-on:click=(cx.add()) { "Add" }
        }
    }
}

#[via::page("/item/{name}")]
struct Item {
    #[param]
    name: String,
}

impl View for Item {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! { p id="name" { (self.name) } }
    }
}

#[via::page("/admin")]
struct Admin {}

impl View for Admin {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! { p { "admin" } }
    }
}

const SECRET: &str = "one secret of the whole program, long enough";

fn app() -> App {
    App::new().page::<Desk>().page::<Item>()
}

/// Serves a router on a port of its own, for as long as the test lasts.
async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn count(visitor: &Visitor, path: &str) -> String {
    visitor.get(path).await.shows("count")
}

async fn act(visitor: &Visitor, path: &str, action: &str) -> Answer {
    let answer = visitor.attach(path).await.act(Action::new(action)).await;
    answer.assert_ok();
    answer
}

/// Loads the page with exactly this `Cookie` header, and returns what it shows.
async fn count_with(visitor: &Visitor, cookies: &[&[u8]]) -> String {
    let mut request = visitor.navigation("/");
    request.headers_mut().remove("cookie");
    for line in cookies {
        let line = HeaderValue::from_bytes(line).unwrap();
        request.headers_mut().append("cookie", line);
    }
    visitor.send(request).await.unwrap().shows("count")
}

#[tokio::test]
async fn cookies_of_neighbours_may_contain_any_bytes() {
    let server = Serving::start(app()).await;
    let visitor = server.visit("/").await;
    act(&visitor, "/", "Desk::add").await;
    let (name, value) = visitor.cookies().into_iter().next().unwrap();
    let ours = format!("{name}={value}");
    for line in [
        format!("greeting=Jos\u{e9}; {ours}"),
        format!("{ours}; greeting=\u{65e5}\u{672c}"),
        format!("x; =; ;;{ours} ; y=\"a;b\""),
        format!("other-{name}=1; {name}x=2; {ours}"),
    ] {
        assert_eq!(
            count_with(&visitor, &[line.as_bytes()]).await,
            "1",
            "{line}"
        );
    }
    let latin = [b"greeting=Jos\xe9; ", ours.as_bytes()].concat();
    assert_eq!(count_with(&visitor, &[&latin]).await, "1");
    // One header for each cookie, as over HTTP/2.
    assert_eq!(
        count_with(&visitor, &[b"a=\xff", ours.as_bytes()]).await,
        "1"
    );
}

#[tokio::test]
async fn of_several_cookies_with_our_name_the_one_that_opens_a_session_counts() {
    let server = Serving::start(app()).await;
    let visitor = server.visit("/").await;
    act(&visitor, "/", "Desk::add").await;
    let before = visitor.cookies();
    let (name, old) = before.into_iter().next().unwrap();
    act(&visitor, "/", "Desk::enter").await;
    let new = visitor.cookies()[&name].clone();
    let other = server.visit("/").await.cookies()[&name].clone();
    // A parent path or a parent domain may have a cookie of the same name: damaged, of before the
    // log-in, or of a visit that never began.
    for stray in ["damaged", "", "Jos\u{e9}", &old, &other] {
        for (first, second) in [(stray, &*new), (&*new, stray)] {
            let line = format!("{name}={first}; {name}={second}");
            assert_eq!(
                count_with(&visitor, &[line.as_bytes()]).await,
                "1",
                "{line}"
            );
        }
    }
    assert_eq!(
        visitor.cookies()[&name],
        new,
        "no other cookie is handed out"
    );
}

#[tokio::test]
async fn a_content_type_is_read_up_to_its_parameters() {
    let server = Serving::start(app()).await;
    let visitor = server.visit("/").await;
    let mut request = visitor.post("/", "attach", "{}");
    let kind = HeaderValue::from_bytes(b"application/json; note=\"Jos\xe9\"").unwrap();
    request.headers_mut().insert("content-type", kind);
    visitor.send(request).await.unwrap().assert_ok();
}

#[tokio::test]
async fn a_path_that_is_not_text_is_no_page_and_no_file() {
    let server = Serving::start(app()).await;
    let visitor = server.visit("/").await;
    for (path, shown) in [
        ("/item/a%2Fb", "a/b"),
        ("/item/%25zz", "%zz"),
        ("/item/%C3%A9", "\u{e9}"),
    ] {
        assert_eq!(visitor.get(path).await.shows("name"), shown);
        visitor.attach(path).await;
    }
    let page = visitor.get("/item/%FF").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(
        page.text().contains("There is no such page"),
        "{}",
        page.text()
    );
    let refused = visitor.try_attach("/item/%FF").await;
    assert_eq!(refused.code().as_deref(), Some("not_found"));
    assert_eq!(
        visitor.get("/_via/%FF/boot.js").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn two_apps_of_one_crate_in_one_program_have_sessions_of_their_own() {
    // Neither the key nor the store keeps these apart.
    let shared = Faulty::default();
    for of_store in [
        (|app: App, _: &Faulty| app) as fn(App, &Faulty) -> App,
        |app, store| app.store(store.clone()),
        |app, _| app.secret(SECRET),
    ] {
        let router = Router::new()
            .nest("/a", of_store(app(), &shared).into_router())
            .nest("/b/c", of_store(app(), &shared).into_router());
        let visitor = Visitor::new(serve(router).await);
        for (path, action) in [
            ("/a", "Desk::add"),
            ("/b/c", "Desk::add"),
            ("/a", "Desk::enter"),
            ("/b/c", "Desk::add"),
            ("/b/c", "Desk::enter"),
            ("/a", "Desk::add"),
            ("/a", "Desk::add"),
        ] {
            visitor.get(path).await.assert_ok();
            act(&visitor, path, action).await;
        }
        assert_eq!(count(&visitor, "/a").await, "3");
        assert_eq!(count(&visitor, "/b/c").await, "2");
        let names: Vec<_> = visitor.cookies().into_keys().collect();
        assert_eq!(names, ["__Host-via-server.a", "__Host-via-server.b.c"]);
    }
}

#[tokio::test]
async fn a_session_of_a_nested_app_survives_the_new_name_of_its_cookie() {
    let store = Faulty::default();
    // Before, a nested app had the cookie that an app at the root has.
    let before = serve(app().store(store.clone()).into_router()).await;
    let visitor = Visitor::new(before);
    visitor.get("/").await.assert_ok();
    act(&visitor, "/", "Desk::add").await;
    let nested = Router::new().nest("/a", app().store(store.clone()).into_router());
    let visitor = visitor.at(serve(nested).await);
    assert_eq!(count(&visitor, "/a").await, "1");
    assert_eq!(visitor.cookies().len(), 1);
    act(&visitor, "/a", "Desk::enter").await;
    assert_eq!(count(&visitor, "/a").await, "1");
    let names: Vec<_> = visitor.cookies().into_keys().collect();
    assert_eq!(names, ["__Host-via-server", "__Host-via-server.a"]);
}

#[tokio::test]
async fn two_programs_at_two_ports_of_one_host_have_sessions_of_their_own() {
    let (one, two) = (Serving::start(app()).await, Serving::start(app()).await);
    let at_one = one.visitor();
    let at_two = at_one.at(two.address());
    for (visitor, action) in [
        (&at_one, "Desk::add"),
        (&at_two, "Desk::add"),
        (&at_two, "Desk::enter"),
        (&at_one, "Desk::enter"),
        (&at_one, "Desk::add"),
        (&at_two, "Desk::add"),
    ] {
        visitor.get("/").await.assert_ok();
        act(visitor, "/", action).await;
    }
    assert_eq!(count(&at_one, "/").await, "2");
    assert_eq!(count(&at_two, "/").await, "2");
    let names: Vec<_> = at_one.cookies().into_keys().collect();
    // The first one keeps the plain name.
    let port = two.address().port();
    assert_eq!(
        names,
        ["via-server".to_owned(), format!("via-server~{port}")]
    );
}

#[tokio::test]
async fn redirects_and_links_of_a_nested_app_stay_in_the_app() {
    let host = app().into_router();
    let router = Router::new()
        .nest("/apps/{tenant}", host.clone())
        .merge(host);
    let visitor = Visitor::new(serve(router).await);
    for base in ["/apps/acme", ""] {
        let root = if base.is_empty() { "/" } else { base };
        let page = visitor.get(root).await;
        assert_eq!(page.shows("base"), base);
        for (action, to) in [
            ("Desk::go", format!("{base}/item/7")),
            ("Desk::leave", "/login".to_owned()),
        ] {
            let tab = visitor.attach(root).await;
            let action = Action::new(action).number(1);
            // The answer to a repetition is the same.
            for _ in 0..2 {
                let answer = tab.act(action.clone()).await;
                assert_eq!(answer.json()["commands"][0]["to"], to, "{}", answer.text());
            }
        }
        assert_eq!(
            visitor.get(&format!("{base}/item/7")).await.shows("name"),
            "7"
        );
        // What the stream shows is the same.
        let tab = visitor.attach(root).await;
        let stream = format!("{base}/_via/stream");
        let mut stream = visitor.resume_at(&stream, &[(&tab, None)]).await;
        let frame = stream.named("datastar-patch-elements").await;
        assert!(
            frame.data.contains(&format!("<a id=\"base\">{base}</a>")),
            "{}",
            frame.data
        );
    }
}

/// A request as it is, over a connection of its own: its status.
async fn status(server: SocketAddr, head: &str) -> u16 {
    let mut socket = TcpStream::connect(server).await.unwrap();
    let head = format!("{head}\r\n\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut answer))
        .await
        .expect("the connection ends")
        .unwrap();
    String::from_utf8_lossy(&answer)[9..12].parse().unwrap()
}

#[tokio::test]
async fn a_request_that_names_a_foreign_host_is_refused() {
    let served = Serving::start(app().origin("https://shop.example")).await;
    let routed = serve(app().origin("https://shop.example").into_router()).await;
    let close = "connection: close";
    for server in [served.address(), routed] {
        for (host, expected) in [
            ("host: shop.example", 200),
            ("host: shop.example:443", 200),
            ("host: localhost:8080", 200),
            ("host: evil.example", 421),
            ("host: shop.example\r\nhost: shop.example", 400),
            ("host: shop.example\r\nhost: evil.example", 400),
            ("host:", 400),
            ("x-no-host: 1", 400),
        ] {
            let head = format!("GET / HTTP/1.1\r\n{close}\r\n{host}");
            assert_eq!(status(server, &head).await, expected, "{host}");
        }
        let line = "GET http://evil.example/ HTTP/1.1\r\nhost: shop.example\r\nconnection: close";
        assert_eq!(status(server, line).await, 400);
        // A load balancer asks by address, or as HTTP/1.0 without a host.
        for path in ["/livez", "/readyz"] {
            let by_address = format!("GET {path} HTTP/1.1\r\n{close}\r\nhost: 192.0.2.7:99");
            assert_eq!(status(server, &by_address).await, 200);
            assert_eq!(status(server, &format!("GET {path} HTTP/1.0")).await, 200);
        }
    }
    // An action is told so, and is not repeated.
    let visitor = Visitor::new(served.address());
    let mut request = visitor.post("/", "action", "{}");
    let headers = request.headers_mut();
    headers.insert("via-number", HeaderValue::from_static("3"));
    headers.insert("host", HeaderValue::from_static("evil.example"));
    let refused = visitor.send(request).await.unwrap();
    assert_eq!(refused.status, StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(
        (refused.code().as_deref(), refused.ack()),
        (Some("foreign_host"), Some(3))
    );
    // Without an origin, a host program answers for its own hosts.
    let head = format!("GET / HTTP/1.1\r\n{close}\r\nhost: any.example");
    assert_eq!(status(serve(app().into_router()).await, &head).await, 200);
}

#[tokio::test]
async fn an_app_with_an_https_origin_asks_browsers_for_https() {
    let served = Serving::start(app().origin("https://shop.example")).await;
    let visitor = served.visit("/").await;
    let tab = visitor.attach("/").await;
    let action = tab.act(Action::new("Desk::add")).await;
    let stream = visitor.stream(&[&tab]).await;
    for headers in [
        &visitor.get("/").await.headers,
        &visitor.get("/nowhere").await.headers,
        &action.headers,
        stream.headers(),
    ] {
        assert_eq!(headers["strict-transport-security"], "max-age=31536000");
    }
}

#[tokio::test]
async fn two_apps_are_merged_into_one_router() {
    let router = app().into_router().merge(
        App::new()
            .name("admin")
            .page::<Admin>()
            .files_below("/_admin")
            .health(Some("/internal"))
            .into_router(),
    );
    let visitor = Visitor::new(serve(router).await);
    for (path, below) in [("/", "/_via"), ("/admin", "/_admin")] {
        let page = visitor.get(path).await;
        let text = page.text();
        let script = text.split("type=\"module\" src=\"").nth(1).unwrap();
        let script = script.split('"').next().unwrap();
        assert!(script.starts_with(&format!("{below}/")), "{script}");
        visitor.get(script).await.assert_ok();
        let missing = visitor.get(&format!("{below}/style-0.css")).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
        assert_eq!(missing.header("cache-control"), Some("no-store"));
        let tab = visitor.attach(path).await;
        let stream = format!("{below}/stream");
        let mut stream = visitor.resume_at(&stream, &[(&tab, None)]).await;
        stream.named("datastar-patch-elements").await;
    }
    for path in ["/livez", "/readyz", "/internal/livez", "/internal/readyz"] {
        visitor.get(path).await.assert_ok();
    }
    let names: Vec<_> = visitor.cookies().into_keys().collect();
    assert_eq!(names, ["__Host-via-admin", "__Host-via-server"]);
    let server = Serving::start(app().health(None).files_below("/_x")).await;
    let visitor = server.visit("/").await;
    assert_eq!(visitor.get("/livez").await.status, StatusCode::NOT_FOUND);
    let tab = visitor.attach("/").await;
    let mut stream = visitor.resume_at("/_x/stream", &[(&tab, None)]).await;
    stream.named("datastar-patch-elements").await;
}
