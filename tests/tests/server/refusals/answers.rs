//! Which number the answer of a refusal names.

use http::StatusCode;
use serde_json::json;
use via::store::Store as _;
use via_tests::client::Answer;

use super::{NUMBER, Scene, header};

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

    // If the body can be read, its number counts.
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
    // No commit completes, so all wait for the first; the server turns away those above the limit.
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
