//! Requests that the client would not make.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{Method, StatusCode};
use serde_json::json;

use super::{Scene, header};

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
    // No other way to say "POST" works.
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
        // A client that acts there has a page of another build.
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
