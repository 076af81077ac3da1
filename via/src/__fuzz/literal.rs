//! Literals of the server, and how the client reads them.

use serde_json::Value;

use super::browser::ask;
use crate::signal::{IntoExpr, SignalValue};

/// The first byte of the input says what the rest is: a value of some type, which the client must read as
/// it was, or an expression, which the client must compile or refuse.
pub(super) fn check(input: &[u8]) {
    let Some((&how, rest)) = input.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(rest).into_owned();
    let mut bytes = [0; 16];
    let length = rest.len().min(16);
    bytes[..length].copy_from_slice(&rest[..length]);
    let number = u128::from_le_bytes(bytes);
    let [low, ..] = bytes.as_chunks::<8>().0 else {
        return;
    };
    match how {
        b'x' => compiles(&text),
        b'c' => reads(text.chars().next().unwrap_or_default()),
        b'o' => reads((!text.is_empty()).then_some(text)),
        b'l' => reads(text.split(',').map(str::to_owned).collect::<Vec<_>>()),
        b'd' => reads(f64::from_le_bytes(*low)),
        b'f' => reads(f32::from_le_bytes(
            bytes[..4].try_into().expect("four bytes"),
        )),
        b'i' => reads(i64::from_le_bytes(*low)),
        b'I' => reads(number.cast_signed()),
        b'u' => reads(number),
        b'b' => reads(bytes[0] % 2 == 0),
        b'n' => reads(rest.chunks(8).map(f64_of).collect::<Vec<_>>()),
        _ => reads(text),
    }
}

fn f64_of(bytes: &[u8]) -> f64 {
    let mut whole = [0; 8];
    whole[..bytes.len()].copy_from_slice(bytes);
    f64::from_le_bytes(whole)
}

fn reads<T: SignalValue + IntoExpr<T>>(value: T) {
    let sent = value.encode();
    let source = value.into_expr().to_string();
    let answer = ask("literal", &source);
    let read = T::decode(&answer["value"]).map(|value| value.encode());
    assert_eq!(read.as_ref(), Ok(&sent), "{source} is {answer}");
}

fn compiles(source: &str) {
    let answer = ask("compiles", &source);
    assert!(
        matches!(answer["compiled"], Value::Bool(_)),
        "{source}: {answer}"
    );
}
