//! Signals, actions and arguments that the page does not accept.

use serde_json::json;

use super::Scene;

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
        // A field of the state is not a signal.
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
    // A path parameter is not a signal either.
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
        scene.refuses(action, request, 422, "unknown_action").await;
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
