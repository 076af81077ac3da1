//! The icon of pages.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use http::{Method, StatusCode};
use via::App;
use via::prelude::*;
use via_tests::client::{Answer, Visitor};
use via_tests::serving::Serving;
use via_tests::wall::wall;

/// A page that takes every name below the root.
#[via::page("/{name}")]
#[derive(Debug)]
struct Room {
    #[param]
    name: String,
}

impl View for Room {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! { p { "the room " (self.name) } }
    }
}

/// A page at the path where browsers look for icons.
#[via::page("/favicon.ico")]
#[derive(Debug)]
struct Icons {}

impl View for Icons {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! { p { "about icons" } }
    }
}

/// A page with an icon of its own.
#[via::page("/own")]
#[derive(Debug)]
struct Own {}

impl View for Own {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! { p { "a page" } }
    }

    fn head(&self, _cx: &Cx<Self>) -> Markup {
        html! { link rel="icon" href="/own.png"; }
    }
}

/// Serves a program that contains an app.
async fn host(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// The answer to a browser that looks for an icon.
async fn favicon(server: SocketAddr, path: &str) -> Answer {
    let visitor = Visitor::new(server);
    let request = visitor.request(Method::GET, path, "");
    visitor.send(request).await.unwrap()
}

#[track_caller]
fn assert_is_the_icon(answer: &Answer, cache: &str) {
    answer.assert_ok();
    assert_eq!(answer.header("content-type"), Some("image/svg+xml"));
    assert_eq!(answer.header("cache-control"), Some(cache));
    assert_eq!(answer.header("set-cookie"), None);
    assert!(answer.text().starts_with("<svg "), "{}", answer.text());
}

/// The addresses of the icons that a page names.
fn icons(page: &Answer) -> Vec<String> {
    let text = page.text();
    let links = text.split(r#"<link rel="icon" href=""#).skip(1);
    links
        .map(|link| link.split('"').next().unwrap().to_owned())
        .collect()
}

const FOR_A_DAY: &str = "public, max-age=86400";
const FOR_EVER: &str = "public, max-age=31536000, immutable";

#[tokio::test]
async fn a_page_names_an_icon_under_a_hashed_address() {
    let server = Serving::start(wall().page::<Own>()).await;
    let [icon] = &icons(&server.visitor().get("/").await)[..] else {
        panic!("one icon");
    };
    assert!(icon.starts_with("/_via/icon-"), "{icon}");
    assert_is_the_icon(&favicon(server.address(), icon).await, FOR_EVER);
    let own = server.visitor().get("/own").await;
    assert_eq!(icons(&own), ["/own.png"]);
}

#[tokio::test]
async fn the_icon_is_where_browsers_look_for_it_and_no_parameter_of_a_page() {
    let app = || App::new().page::<Room>();
    let served = Serving::start(app()).await;
    let without_rooms = Serving::start(wall()).await;
    let routed = host(app().into_router()).await;
    for server in [served.address(), without_rooms.address(), routed] {
        let answer = favicon(server, "/favicon.ico").await;
        assert_is_the_icon(&answer, FOR_A_DAY);
    }
    let room = served.visitor().get("/favicon").await;
    assert!(room.text().contains("the room favicon"));
    let missing = favicon(without_rooms.address(), "/favicon.png").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_page_or_a_host_that_answers_there_wins() {
    let app = App::new().page::<Room>().page::<Icons>();
    let server = Serving::start(app).await;
    let page = server.visitor().get("/favicon.ico").await;
    assert!(page.text().contains("about icons"), "{}", page.text());
    let router = Router::new()
        .route("/favicon.ico", get(async || "the icon of the host"))
        .merge(App::new().page::<Room>().into_router());
    let answer = favicon(host(router).await, "/favicon.ico").await;
    assert_eq!(answer.text(), "the icon of the host");
}

#[tokio::test]
async fn an_app_below_a_path_has_its_icon_below_it() {
    let router = Router::new().nest("/apps/wall", wall().into_router());
    let server = host(router).await;
    let page = Visitor::new(server).get("/apps/wall").await;
    let [icon] = &icons(&page)[..] else {
        panic!("one icon");
    };
    assert!(icon.starts_with("/apps/wall/_via/icon-"), "{icon}");
    assert_is_the_icon(&favicon(server, icon).await, FOR_EVER);
}
