//! Bodies that are not JSON, too large, or of another shape.

use http::StatusCode;
use serde_json::{Value, json};

use super::Scene;

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
