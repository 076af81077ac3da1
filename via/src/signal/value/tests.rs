//! Tests that values come back from a browser unchanged, and that invalid values are refused.

use std::fmt::Debug;

use proptest::prelude::*;
use serde_json::{Number, Value, json};

use super::{Parts, SignalError, SignalValue, Tagged, list, object, tagged};

/// Rewrites JSON like a browser, which reads every number as a double and writes its shortest form.
fn rewritten(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let double = number.as_f64().unwrap();
            let double = if double == 0.0 { 0.0 } else { double };
            // Rust writes no exponents, and JavaScript none below 1e21. The values are equal either way.
            serde_json::from_str(&double.to_string()).unwrap()
        }
        Value::Array(items) => items.into_iter().map(rewritten).collect(),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (name, rewritten(value)))
                .collect(),
        ),
        other => other,
    }
}

/// Sends a value through the JSON of the document, a browser, and the JSON of an action.
fn through_a_browser<T: SignalValue>(value: &T) -> Result<T, SignalError> {
    let sent = value.encode().to_string();
    let seen = rewritten(serde_json::from_str(&sent).unwrap()).to_string();
    T::decode(&serde_json::from_str(&seen).unwrap())
}

/// Compares debug output, which distinguishes -0.0 from 0.0, and in which NaN is equal to itself.
#[track_caller]
fn comes_back<T: SignalValue + Debug>(value: T) {
    let back = through_a_browser(&value).map(Some);
    assert_eq!(
        format!("{back:?}"),
        format!("{:?}", Ok::<_, ()>(Some(&value)))
    );
    let nested = Some(vec![value]);
    let back = through_a_browser(&nested);
    assert_eq!(format!("{back:?}"), format!("{:?}", Ok::<_, ()>(&nested)));
}

/// Tests `None`, `Some(None)`, `Some(Some(..))` and lists of them.
#[track_caller]
fn options_come_back<T: SignalValue + Debug + Clone>(value: &T) {
    comes_back(Some(value.clone()));
    comes_back(None::<T>);
    for nested in [None, Some(None), Some(Some(value.clone()))] {
        comes_back(nested.clone());
        comes_back(Some(nested));
    }
    comes_back(vec![None, Some(value.clone())]);
    comes_back([value.clone(), value.clone()]);
}

/// A struct with the code that the derive macro would write.
#[derive(Clone, Debug, PartialEq)]
struct Filter {
    owner: String,
    size: u64,
    state: State,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Open,
    Since(i64),
    Between(i128, f64),
    Named { name: Option<String> },
}

impl SignalValue for Filter {
    fn encode(&self) -> Value {
        object([
            ("owner", self.owner.encode()),
            ("size", self.size.encode()),
            ("state", self.state.encode()),
        ])
    }

    fn decode(value: &Value) -> Result<Self, SignalError> {
        let mut parts = Parts::object(value, &["owner", "size", "state"])?;
        Ok(Self {
            owner: SignalValue::decode_part(&mut parts)?,
            size: SignalValue::decode_part(&mut parts)?,
            state: SignalValue::decode_part(&mut parts)?,
        })
    }
}

impl SignalValue for State {
    fn encode(&self) -> Value {
        match self {
            Self::Open => "Open".into(),
            Self::Since(when) => tagged("Since", when.encode()),
            Self::Between(a, b) => tagged("Between", list([a.encode(), b.encode()])),
            Self::Named { name } => tagged("Named", object([("name", name.encode())])),
        }
    }

    fn decode(value: &Value) -> Result<Self, SignalError> {
        let tag = Tagged::of(value, &["Open", "Since", "Between", "Named"])?;
        match tag.name {
            "Open" => tag.unit().map(|()| Self::Open),
            "Since" => tag.content(|value| Ok(Self::Since(SignalValue::decode(value)?))),
            "Between" => tag.content(|value| {
                let mut parts = Parts::list(value, 2)?;
                Ok(Self::Between(
                    SignalValue::decode_part(&mut parts)?,
                    SignalValue::decode_part(&mut parts)?,
                ))
            }),
            "Named" => tag.content(|value| {
                let mut parts = Parts::object(value, &["name"])?;
                Ok(Self::Named {
                    name: SignalValue::decode_part(&mut parts)?,
                })
            }),
            _ => Err(tag.unknown()),
        }
    }
}

const AWKWARD: [&str; 16] = [
    "",
    " ",
    "\0",
    "\u{feff}",
    "\u{2028}\u{2029}",
    "\u{202e}abc",
    "\r\n\r\n",
    "a\rb",
    "\"'`\\",
    "</script><!--",
    "${@post('x')}",
    "👩‍👩‍👧\u{10ffff}",
    "\u{d7ff}\u{e000}\u{ffff}",
    "\\u0000 &amp; &#13;",
    "null",
    "__proto__",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        proptest::collection::vec(proptest::sample::select(&AWKWARD[..]), 0..4)
            .prop_map(|parts| parts.concat()),
    ]
}

/// Numbers of every bit pattern, with subnormal numbers, infinities and NaN.
fn double() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(f64::from_bits)
}

fn state() -> impl Strategy<Value = State> {
    prop_oneof![
        Just(State::Open),
        any::<i64>().prop_map(State::Since),
        (any::<i128>(), double()).prop_map(|(a, b)| State::Between(a, b)),
        proptest::option::of(text()).prop_map(|name| State::Named { name }),
    ]
}

/// JSON of every shape that a browser can send.
fn hostile() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        double().prop_map(Value::from),
        any::<i16>().prop_map(|n| Value::from(f64::from(n) / 4.0)),
        text().prop_map(Value::from),
        any::<i128>().prop_map(|n| Value::from(n.to_string())),
        double().prop_map(|n| Value::from(n.to_string())),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(
                prop_oneof![
                    text(),
                    proptest::sample::select(&["owner", "size", "state", "Since", "Named"][..])
                        .prop_map(str::to_owned)
                ],
                inner,
                0..4
            )
            .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Tests that an accepted value means what was sent: it comes back unchanged, and a number comes back
/// as the same number.
fn means_the_same<T: SignalValue + Debug>(sent: &Value) -> Result<(), TestCaseError> {
    let Ok(value) = T::decode(sent) else {
        return Ok(());
    };
    let again = T::decode(&value.encode()).unwrap();
    prop_assert_eq!(format!("{:?}", &value), format!("{again:?}"));
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    if let (Some(sent), Some(kept)) = (number(sent), number(&value.encode())) {
        prop_assert_eq!(sent.to_bits(), kept.to_bits(), "{} became {}", sent, kept);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_comes_back_from_a_browser_as_it_was(
        (flag, letter, text) in (any::<bool>(), any::<char>(), text()),
        (a, b, c, d, e) in any::<(i8, i16, i32, i64, i128)>(),
        (f, g, h, i, j) in any::<(u8, u16, u32, u64, u128)>(),
        (k, l) in any::<(isize, usize)>(),
        // Integers near 2^53, 2^63 and 2^64, which are rare among random ones.
        (power, near) in (50_u32..64, -3_i64..=3),
        (float, double, bits) in (any::<u32>(), double(), any::<i64>()),
        (state, owner) in (state(), text()),
    ) {
        comes_back(flag);
        comes_back(letter);
        comes_back(text.clone());
        comes_back(a);
        comes_back(b);
        comes_back(c);
        comes_back(d);
        comes_back(e);
        comes_back(f);
        comes_back(g);
        comes_back(h);
        comes_back(i);
        comes_back(j);
        comes_back(k);
        comes_back(l);
        comes_back((1_u64 << power).wrapping_add_signed(near));
        comes_back((1_i64 << power.min(62)) + near);
        comes_back(-(1_i64 << power.min(62)) + near);
        comes_back(f32::from_bits(float));
        comes_back(double);
        #[expect(clippy::cast_precision_loss, reason = "any double that is whole will do")]
        comes_back(bits as f64);
        options_come_back(&flag);
        options_come_back(&letter);
        options_come_back(&text);
        options_come_back(&d);
        options_come_back(&double);
        options_come_back(&state);
        comes_back(state.clone());
        comes_back(Filter { owner, size: i, state });
    }

    #[test]
    fn whatever_a_browser_sends_is_the_value_or_an_error(sent in hostile()) {
        means_the_same::<bool>(&sent)?;
        means_the_same::<char>(&sent)?;
        means_the_same::<String>(&sent)?;
        means_the_same::<i8>(&sent)?;
        means_the_same::<i64>(&sent)?;
        means_the_same::<u64>(&sent)?;
        means_the_same::<i128>(&sent)?;
        means_the_same::<u128>(&sent)?;
        means_the_same::<usize>(&sent)?;
        means_the_same::<f32>(&sent)?;
        means_the_same::<f64>(&sent)?;
        means_the_same::<Option<i16>>(&sent)?;
        means_the_same::<Option<Option<String>>>(&sent)?;
        means_the_same::<Vec<u32>>(&sent)?;
        means_the_same::<[f64; 2]>(&sent)?;
        means_the_same::<State>(&sent)?;
        means_the_same::<Filter>(&sent)?;
    }
}

#[test]
fn the_ends_of_every_type_come_back() {
    macro_rules! ends {
        ($($int:ty),*) => {$( for end in [<$int>::MIN, 0, 1, <$int>::MAX] { comes_back(end); } )*};
    }
    ends!(
        i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize
    );
    for float in [
        0.0,
        -0.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN,
        f64::MAX,
        f64::EPSILON,
        f64::MIN_POSITIVE,
        5e-324,
        0.1,
        1e21,
        1e-7,
        9_007_199_254_740_993.0,
    ] {
        comes_back(float);
        #[expect(clippy::cast_possible_truncation, reason = "any float will do")]
        comes_back(float as f32);
    }
    for float in [f32::MIN, f32::MAX, f32::EPSILON, f32::MIN_POSITIVE, 1e-45] {
        comes_back(float);
    }
    for text in AWKWARD {
        comes_back(text.to_owned());
    }
}

#[test]
fn what_javascript_cannot_hold_travels_as_text() {
    for (value, travels) in [
        (
            9_007_199_254_740_991_i64.encode(),
            json!(9_007_199_254_740_991_i64),
        ),
        (
            9_007_199_254_740_992_i64.encode(),
            json!("9007199254740992"),
        ),
        (i64::MIN.encode(), json!("-9223372036854775808")),
        (u64::MAX.encode(), json!("18446744073709551615")),
        ((-0.0_f64).encode(), json!("-0")),
        (f64::NAN.encode(), json!("NaN")),
        (f32::NEG_INFINITY.encode(), json!("-Infinity")),
        (0.1_f32.encode(), json!(0.1)),
        (None::<i64>.encode(), json!(null)),
        (Some(None::<i64>).encode(), json!([null])),
        (Some(Some(1)).encode(), json!([1])),
    ] {
        assert_eq!(value, travels);
    }
}

#[test]
fn a_number_is_written_as_a_browser_writes_it() {
    for (value, written) in [
        (2.0_f64.encode(), "2"),
        ((-3.0_f32).encode(), "-3"),
        (1e21_f64.encode(), "1e+21"),
        (0.5_f64.encode(), "0.5"),
        (0.1_f32.encode(), "0.1"),
    ] {
        // The server compares values to find out what a tab already shows.
        assert_eq!(value, serde_json::from_str::<Value>(written).unwrap());
    }
}

#[test]
fn nothing_is_changed_to_make_it_fit() {
    let refused = [
        i64::decode(&json!(null)).map(drop),
        i64::decode(&json!("")).map(drop),
        i64::decode(&json!("abc")).map(drop),
        i64::decode(&json!("1e3")).map(drop),
        i64::decode(&json!("1.0")).map(drop),
        i64::decode(&json!("-0")).map(drop),
        i64::decode(&json!(-0.0)).map(drop),
        i64::decode(&json!(1.5)).map(drop),
        i64::decode(&json!(9_007_199_254_740_992_i64)).map(drop),
        i64::decode(&json!("9223372036854775808")).map(drop),
        u8::decode(&json!(-1)).map(drop),
        u8::decode(&json!(256)).map(drop),
        f64::decode(&json!(null)).map(drop),
        f64::decode(&json!("")).map(drop),
        f64::decode(&json!("1e999")).map(drop),
        f64::decode(&json!("9007199254740993")).map(drop),
        f64::decode(&json!("0.12345678901234567890")).map(drop),
        f32::decode(&json!(16_777_217)).map(drop),
        f32::decode(&json!(1e40)).map(drop),
        f32::decode(&json!("0.123456789")).map(drop),
        Option::<i64>::decode(&json!("abc")).map(drop),
        bool::decode(&json!(1)).map(drop),
        bool::decode(&json!("")).map(drop),
        bool::decode(&json!("true")).map(drop),
        char::decode(&json!("")).map(drop),
        char::decode(&json!("ab")).map(drop),
        String::decode(&json!(5)).map(drop),
        String::decode(&json!(null)).map(drop),
        <[u8; 2]>::decode(&json!([1])).map(drop),
    ];
    for (place, refused) in refused.iter().enumerate() {
        assert!(refused.is_err(), "number {place} was accepted");
    }
}

#[test]
fn what_is_typed_into_a_field_of_text_is_taken_for_what_it_means() {
    assert_eq!(i64::decode(&json!(" 007 ")), Ok(7));
    assert_eq!(i64::decode(&json!("+5")), Ok(5));
    assert_eq!(f64::decode(&json!("1e3")), Ok(1000.0));
    assert_eq!(f64::decode(&json!("1.50")), Ok(1.5));
    assert_eq!(f64::decode(&json!(".5")), Ok(0.5));
    assert_eq!(f64::decode(&json!("-2.")), Ok(-2.0));
    assert_eq!(f32::decode(&json!("0.1")), Ok(0.1));
    assert_eq!(f32::decode(&json!(0.1)), Ok(0.1));
}

#[test]
fn an_emptied_field_is_none_where_the_empty_text_is_no_value() {
    assert_eq!(Option::<i64>::decode(&json!("")), Ok(None));
    assert_eq!(Option::<f32>::decode(&json!("")), Ok(None));
    assert_eq!(Option::<char>::decode(&json!("")), Ok(None));
    assert_eq!(Option::<State>::decode(&json!("")), Ok(None));
    assert_eq!(
        Option::<String>::decode(&json!("")),
        Ok(Some(String::new()))
    );
    assert_eq!(Option::<String>::decode(&json!(null)), Ok(None));
}

#[test]
fn an_error_names_the_part_that_is_wrong() {
    let error = |sent: Value| {
        let (path, reason) = Filter::decode(&sent).unwrap_err().of("filter");
        format!("`{path}` {reason}")
    };
    let with = |name: &str, value: Value| {
        let mut sent = json!({ "owner": "ann", "size": 1, "state": "Open" });
        sent[name] = value;
        sent
    };
    for (sent, message) in [
        (
            json!(7),
            "`filter` must be an object of `owner`, `size` and `state`",
        ),
        (json!({}), "`filter.owner` is missing"),
        (with("owner", json!(7)), "`filter.owner` must be text"),
        (with("ownr", json!(7)), "`filter.ownr` is not known here"),
        (
            with("__proto__", json!({})),
            "`filter.__proto__` is not known here",
        ),
        (
            with("state", json!("open")),
            "`filter.state` must be `Open`, `Since`, `Between` or `Named`",
        ),
        (
            with("state", json!({ "Open": null })),
            "`filter.state.Open` has no content",
        ),
        (
            with("state", json!("Since")),
            "`filter.state.Since` has no content, but needs it",
        ),
        (
            with("state", json!({ "Between": [1, "x"] })),
            "`filter.state.Between[1]` must be a number",
        ),
        (
            with("state", json!({ "Named": { "name": 7 } })),
            "`filter.state.Named.name` must be text",
        ),
    ] {
        assert_eq!(error(sent), message);
    }
}

#[test]
fn numbers_of_json_are_read_and_written_exactly() {
    for bits in [
        0x3fb9_9999_9999_999a_u64,
        0x0000_0000_0000_0001,
        0x7fef_ffff_ffff_ffff,
    ] {
        let float = f64::from_bits(bits);
        let text = Number::from_f64(float).unwrap().to_string();
        let back: Number = serde_json::from_str(&text).unwrap();
        assert_eq!(back.as_f64().unwrap().to_bits(), bits);
    }
}
