//! Tokens, cookies and origins that are not the visitor's own.

use http::StatusCode;
use http::header::COOKIE;
use serde_json::json;

use super::{Scene, header};

/// The same text with one character replaced by another one of base64, for every index.
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
        // A sealed value is valid for its purpose only.
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
    // Valid tokens of other pages, as if another build had these pages at this path.
    for token in [other_page.token(), item.token()] {
        let request = act("/", token, "Desk::add");
        scene.refuses(token, request, 409, "stale_page").await;
    }
    // The right page, but with other or invalid parameters.
    for path in ["/item/2", "/item/01", "/item/x"] {
        let request = act(path, item.token(), "Item::pick");
        scene.refuses(path, request, 409, "stale_page").await;
    }
    // The token is valid, but belongs to another session.
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
    assert_eq!(name, "via-server");
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
    // Two cookies with one name: the server finds its own.
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
