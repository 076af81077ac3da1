//! The headers that every response carries.

use http::{HeaderMap, StatusCode};
use via::App;
use via_tests::client::Action;
use via_tests::serving::Serving;

use super::{Desk, Item};

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
        ("no style", 404, visitor.get("/_via/style-0.css").await),
        ("another method", 405, visitor.get("/_via/stream").await),
        ("another origin", 403, foreign),
        ("a large body", 413, large),
    ] {
        assert_eq!(answer.status.as_u16(), status, "{what}");
        if status >= 400 {
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
        }
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

pub(super) fn assert_default_headers(what: &str, headers: &HeaderMap) {
    let policy = "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; \
                  frame-ancestors 'none'; form-action 'self'; require-trusted-types-for 'script'; \
                  trusted-types via";
    for (name, value) in [
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        let there: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(there, [value], "{name} of {what}");
    }
    // Neither over plain HTTP nor without an origin.
    assert_eq!(headers.get("strict-transport-security"), None, "{what}");
}
