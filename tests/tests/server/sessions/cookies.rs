//! The cookie of a session: its content, and when a session is stored.

use http::{HeaderValue, Method};
use via::App;
use via::store::Key;
use via_tests::client::Visitor;
use via_tests::serving::Serving;
use via_tests::stores::Faulty;

use super::{ABSOLUTE, Desk, IDLE, add, count, serve, sessions};

#[tokio::test]
async fn on_plain_loopback_http_the_cookie_is_neither_secure_nor_prefixed() {
    let server = Serving::start(App::new().page::<Desk>()).await;
    let visitor = server.visitor();
    let answer = visitor.get("/").await;
    let value = &visitor.cookies()["via-server"];
    assert_eq!(
        answer.header("set-cookie").unwrap(),
        format!("via-server={value}; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax")
    );
    // A client that has a cookie does not get another one.
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
        // What a request claims about itself changes nothing.
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

/// HTTP/2 allows this, and an app's own server may speak it.
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

    // Attaching and opening a stream do not store a session either.
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
