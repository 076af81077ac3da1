//! The bodies of requests.

use std::fmt::Debug;

use serde_json::Value;

use crate::{
    action::Arguments,
    limits,
    protocol::incoming::{Act, Attach, OpenStream, decode},
    signal::SignalValue,
};

/// Decodes the input as the body of every kind of request. What is taken is within the limits, and an action
/// is the same whether it is decoded in one step or in two.
pub(super) fn check(input: &[u8]) {
    let _ = decode::<Attach>(input);
    if let Ok(open) = decode::<OpenStream>(input) {
        assert!(open.tabs.len() <= limits::JSON_ARRAY_LEN);
    }
    if let Ok(value) = decode::<Value>(input) {
        assert_within(&value, 0);
        signals(&value);
    }
    match (Act::decode(input), decode::<Act>(input)) {
        (Ok(once), Ok(twice)) => {
            assert_eq!(format!("{once:?}"), format!("{twice:?}"));
            taken(&once);
        }
        (Err(once), Err(twice)) => assert_eq!(format!("{once:?}"), format!("{twice:?}")),
        (once, twice) => panic!("{once:?} is not {twice:?}"),
    }
}

fn taken(act: &Act) {
    assert!(act.token.len() <= limits::JSON_STRING_LEN);
    assert!(act.action.len() <= limits::JSON_STRING_LEN);
    assert!(act.signals.len() <= limits::JSON_KEYS && act.dirty.len() <= limits::JSON_ARRAY_LEN);
    for value in act.signals.values() {
        assert_within(value, 2);
    }
    let args: Value = serde_json::from_str(act.args.get()).expect("the arguments are JSON");
    assert_within(&args, 1);
    for expected in 0..4 {
        let list = Arguments::new(&act.args).list(expected);
        let sent = args.as_array().map(Vec::len);
        assert_eq!(list.is_ok(), sent == Some(expected));
    }
}

fn assert_within(value: &Value, depth: usize) {
    match value {
        Value::String(text) => assert!(text.len() <= limits::JSON_STRING_LEN),
        Value::Array(items) => {
            assert!(items.len() <= limits::JSON_ARRAY_LEN && depth < limits::JSON_DEPTH);
            for item in items {
                assert_within(item, depth + 1);
            }
        }
        Value::Object(members) => {
            assert!(members.len() <= limits::JSON_KEYS && depth < limits::JSON_DEPTH);
            for (key, item) in members {
                assert!(key.len() <= limits::JSON_KEY_LEN);
                assert_within(item, depth + 1);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[derive(Debug, via_macros::SignalValue)]
#[expect(clippy::option_option, reason = "authors may nest options")]
enum Choice {
    None,
    Pair(i8, Option<Option<bool>>),
    Named { name: String, size: f32 },
}

/// Decodes a value as every type of signal. What is taken comes back from the browser as it was.
fn signals(value: &Value) {
    comes_back::<bool>(value);
    comes_back::<i8>(value);
    comes_back::<u64>(value);
    comes_back::<i128>(value);
    comes_back::<f32>(value);
    comes_back::<f64>(value);
    comes_back::<char>(value);
    comes_back::<String>(value);
    comes_back::<Option<Option<i64>>>(value);
    comes_back::<Vec<f64>>(value);
    comes_back::<[u8; 2]>(value);
    comes_back::<Choice>(value);
}

fn comes_back<T: SignalValue + Debug>(value: &Value) {
    if let Ok(taken) = T::decode(value) {
        let sent = taken.encode();
        let again = T::decode(&sent).expect("what was taken can be sent and taken again");
        assert_eq!(format!("{again:?}"), format!("{taken:?}"));
        assert_eq!(again.encode(), sent);
    }
}
