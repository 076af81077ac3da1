//! Evaluates random expressions of all types in Rust and with the browser's interpreter.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::{Map, Value, json};

use super::*;

const CASES: usize = 10_000;

/// A script that reads cases. For each it answers the value of the expression, and what a signal holds
/// after the value was written to it.
const EVALUATE: &str = "
    import { readFileSync } from 'node:fs';
    const client = process.argv[1];
    const { compile, learn } = await import(`${client}/expression.js`);
    const { Signals } = await import(`${client}/signals.js`);
    const { held, text } = await import(`${client}/text.js`);
    const { words } = await import(`${client}/words.js`);
    const { forJson } = await import(`${client}/values.js`);
    learn(words);
    const answers = JSON.parse(readFileSync(0)).map(({ source, signals }) => {
        const scope = { signals: new Signals(), actions: {} };
        for (const [name, value] of Object.entries(signals)) scope.signals.write(name, value);
        try {
            const value = compile(source)(scope);
            compile(`$out = ${source}`)(scope);
            const nothing = value === undefined;
            return { nothing, value: held(value), text: text(value), out: scope.signals.peek('out') };
        } catch (error) {
            return { error: String(error) };
        }
    });
    console.log(JSON.stringify(answers, forJson));
";

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

/// A type with random values and expressions.
trait Sample: SignalValue {
    const SIGNALS: [&'static str; 2];

    fn value(random: &mut Random) -> Self;

    /// A value as a browser may hold it. The server may have sent it in another form.
    fn held(random: &mut Random) -> Value {
        Self::value(random).encode()
    }

    /// A random operation with a result of this type.
    fn operation(random: &mut Random, depth: usize) -> Expr<Self>;

    fn expr(random: &mut Random, depth: usize) -> Expr<Self> {
        match (depth, random.below(4)) {
            (_, 0) if random.below(3) == 0 => Self::value(random).into_expr(),
            (0, _) | (_, 0) => Signal::<Self>::new(random.one_of(&Self::SIGNALS)).into_expr(),
            (_, 1) if random.below(3) == 0 => {
                let condition = bool::expr(random, depth - 1);
                condition.if_else(Self::expr(random, depth - 1), Self::expr(random, depth - 1))
            }
            _ => Self::operation(random, depth - 1),
        }
    }

    fn signals(random: &mut Random, into: &mut Map<String, Value>) {
        for name in Self::SIGNALS {
            into.insert(name.to_owned(), Self::held(random));
        }
    }
}

fn same<T: Sample + Equal>(random: &mut Random, depth: usize) -> Expr<bool> {
    let (a, b) = (T::expr(random, depth), T::expr(random, depth));
    let b = if random.below(3) == 0 { a.clone() } else { b };
    if random.below(2) == 0 {
        a.eq(b)
    } else {
        a.ne(b)
    }
}

fn order<T: Sample + Ordered>(random: &mut Random, depth: usize) -> Expr<bool> {
    let (a, b) = (T::expr(random, depth), T::expr(random, depth));
    let b = if random.below(4) == 0 { a.clone() } else { b };
    match random.below(4) {
        0 => a.lt(b),
        1 => a.le(b),
        2 => a.gt(b),
        _ => a.ge(b),
    }
}

impl Sample for bool {
    const SIGNALS: [&'static str; 2] = ["open", "done"];

    fn value(random: &mut Random) -> Self {
        random.below(2) == 0
    }

    fn operation(random: &mut Random, depth: usize) -> Expr<Self> {
        match random.below(26) {
            0 => !Self::expr(random, depth),
            1..=3 => Self::expr(random, depth) & Self::expr(random, depth),
            4..=6 => Self::expr(random, depth) | Self::expr(random, depth),
            7 => Self::expr(random, depth) ^ Self::expr(random, depth),
            8 => same::<Self>(random, depth),
            9 => same::<i64>(random, depth) & same::<u8>(random, depth),
            10 => same::<f64>(random, depth) | same::<f32>(random, depth),
            11 => same::<String>(random, depth) ^ same::<char>(random, depth),
            12 => same::<Option<i64>>(random, depth) | same::<Option<String>>(random, depth),
            13 => same::<Show>(random, depth) | same::<Shape>(random, depth),
            14 => same::<Option<Option<Self>>>(random, depth) & same::<Id>(random, depth),
            15 => order::<i64>(random, depth) | order::<u128>(random, depth),
            16 => order::<f64>(random, depth) ^ order::<f32>(random, depth),
            17 => order::<u64>(random, depth) & order::<i8>(random, depth),
            18 => String::expr(random, depth).contains(String::expr(random, depth)),
            19 => {
                let (text, part) = (String::expr(random, depth), String::expr(random, depth));
                match random.below(3) {
                    0 => text.is_empty(),
                    1 => text.starts_with(part),
                    _ => (text + &part).ends_with(part),
                }
            }
            20 => Vec::<u64>::expr(random, depth).contains(u64::expr(random, depth)),
            21 => Vec::<f64>::expr(random, depth).contains(f64::expr(random, depth)),
            22 => <[Show; 2]>::expr(random, depth).contains(Show::expr(random, depth)),
            23 => Vec::<u64>::expr(random, depth).is_empty(),
            24 => Option::<i64>::expr(random, depth).is_some(),
            _ => Option::<Show>::expr(random, depth).is_none(),
        }
    }
}

/// Text that a user types into a field for a number.
fn typed(random: &mut Random, number: &Value, nothing: &[Value]) -> Value {
    let text = match number {
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    match random.below(12) {
        0 => Value::String(text),
        1 => Value::String(format!(" {text} ")),
        2 => random.one_of(nothing),
        _ => number.clone(),
    }
}

macro_rules! integers {
    ($($int:ident $a:literal $b:literal $negative:expr;)*) => {$(
        impl Sample for $int {
            const SIGNALS: [&'static str; 2] = [$a, $b];

            fn value(random: &mut Random) -> Self {
                let near = [
                    Self::MIN, Self::MIN + 1, 0, 1, 2, 3, 7, 10, Self::MAX / 2, Self::MAX - 1, Self::MAX,
                    Self::nearest(false, 1 << 53), Self::nearest(false, (1 << 53) + 1), Self::nearest(true, 1 << 53),
                    Self::nearest(true, 1), Self::nearest(true, 2),
                ];
                random.one_of(&near)
            }

            fn held(random: &mut Random) -> Value {
                let number = Self::value(random).encode();
                typed(random, &number, &[json!(""), json!(null), json!("abc"), json!("1.5"), json!("-0")])
            }

            fn operation(random: &mut Random, depth: usize) -> Expr<Self> {
                let a = Self::expr(random, depth);
                match random.below(10) {
                    0 | 1 => a + Self::expr(random, depth),
                    2 | 3 => a - Self::expr(random, depth),
                    4 => a * Self::expr(random, depth),
                    5 => a / Self::expr(random, depth),
                    6 => a % Self::expr(random, depth),
                    7 => $negative(a),
                    8 => match random.below(4) {
                        0 => i64::expr(random, depth).to_int(),
                        1 => u128::expr(random, depth).to_int(),
                        2 => i8::expr(random, depth).to_int(),
                        _ => u64::expr(random, depth).to_int(),
                    },
                    _ => match random.below(3) {
                        0 => String::expr(random, depth).len().to_int(),
                        1 => String::expr(random, depth).char_count().to_int(),
                        _ => Vec::<u64>::expr(random, depth).len().to_int(),
                    },
                }
            }
        }
    )*};
}

integers! {
    i8 "tiny" "tiny2" |a: Expr<i8>| -a;
    u8 "byte" "byte2" |a: Expr<u8>| a;
    i64 "n" "step" |a: Expr<i64>| -a;
    u64 "size" "size2" |a: Expr<u64>| a;
    i128 "huge" "huge2" |a: Expr<i128>| -a;
    u128 "vast" "vast2" |a: Expr<u128>| a;
}

const FLOATS: [f64; 18] = [
    0.0,
    -0.0,
    1.0,
    -1.5,
    0.1,
    0.2,
    1e21,
    1e-7,
    5e-324,
    f64::MAX,
    f64::MIN_POSITIVE,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    9_007_199_254_740_992.0,
    123_456_789.125,
    1e15,
    3.0,
];

impl Sample for f64 {
    const SIGNALS: [&'static str; 2] = ["x", "price"];

    fn value(random: &mut Random) -> Self {
        let any = Self::from_bits(random.next());
        let known = random.one_of(&FLOATS);
        random.one_of(&[known, known, any])
    }

    fn held(random: &mut Random) -> Value {
        let number = Self::value(random).encode();
        let nothing = [
            json!(""),
            json!(null),
            json!("abc"),
            json!(" 1.50"),
            json!(".5e1"),
        ];
        // Not the number as text, because it may have more digits than Rust accepts for the type.
        if random.below(8) == 0 {
            random.one_of(&nothing)
        } else {
            number
        }
    }

    fn operation(random: &mut Random, depth: usize) -> Expr<Self> {
        let a = Self::expr(random, depth);
        match random.below(9) {
            0 | 1 => a + Self::expr(random, depth),
            2 => a - Self::expr(random, depth),
            3 => a * Self::expr(random, depth),
            4 => a / Self::expr(random, depth),
            5 => a % Self::expr(random, depth),
            6 => -a,
            7 => f32::expr(random, depth).to_f64(),
            _ => match random.below(3) {
                0 => i64::expr(random, depth).to_f64(),
                1 => u128::expr(random, depth).to_f64(),
                _ => u64::expr(random, depth).to_f64(),
            },
        }
    }
}

impl Sample for f32 {
    const SIGNALS: [&'static str; 2] = ["small", "small2"];

    fn value(random: &mut Random) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "any float will do")]
        let (known, any) = (
            random.one_of(&FLOATS) as Self,
            Self::from_bits(random.next() as u32),
        );
        random.one_of(&[known, any])
    }

    fn operation(random: &mut Random, _: usize) -> Expr<Self> {
        Self::value(random).into_expr()
    }
}

const TEXTS: [&str; 14] = [
    "",
    "a",
    "ab",
    "b",
    " ",
    "é",
    "👩‍👩‍👧",
    "\u{10ffff}",
    "\u{e000}\u{ffff}",
    "'\"`\\",
    "</script>${@post('x')}-->",
    "\n\r\u{2028}\0",
    "$n @i64(1) &amp;",
    "__proto__",
];

impl Sample for String {
    const SIGNALS: [&'static str; 2] = ["query", "name"];

    fn value(random: &mut Random) -> Self {
        (0..random.below(3))
            .map(|_| random.one_of(&TEXTS))
            .collect()
    }

    fn operation(random: &mut Random, depth: usize) -> Expr<Self> {
        match random.below(8) {
            0..=2 => Self::expr(random, depth) + Self::expr(random, depth),
            3 => i64::expr(random, depth).to_text(),
            4 => f64::expr(random, depth).to_text(),
            5 => f32::expr(random, depth).to_text() + bool::expr(random, depth).to_text(),
            6 => Option::<i64>::expr(random, depth).to_text(),
            _ => Option::<Self>::expr(random, depth).unwrap_or(Self::expr(random, depth)),
        }
    }
}

impl Sample for char {
    const SIGNALS: [&'static str; 2] = ["letter", "letter2"];

    fn value(random: &mut Random) -> Self {
        random.one_of(&['a', '\'', '\\', '\u{2028}', '👩', '\0', '\u{10ffff}'])
    }

    fn operation(random: &mut Random, _: usize) -> Expr<Self> {
        Self::value(random).into_expr()
    }
}

#[derive(Clone, Debug, PartialEq, crate::SignalValue)]
enum Show {
    All,
    Open,
}

#[derive(Clone, Debug, crate::SignalValue)]
enum Shape {
    None,
    Circle(u64),
    Named { name: Option<String>, size: f64 },
}

#[derive(Clone, Debug, crate::SignalValue)]
struct Id(u64);

macro_rules! plain {
    ($($ty:ty, $a:literal $b:literal, $value:expr, [$($nothing:expr),*];)*) => {$(
        impl Sample for $ty {
            const SIGNALS: [&'static str; 2] = [$a, $b];

            fn value(random: &mut Random) -> Self {
                let value: fn(&mut Random) -> Self = $value;
                value(random)
            }

            fn held(random: &mut Random) -> Value {
                let value = Self::value(random).encode();
                let nothing: &[Value] = &[$($nothing),*];
                if nothing.is_empty() || random.below(4) > 0 { value } else { random.one_of(nothing) }
            }

            fn operation(random: &mut Random, _: usize) -> Expr<Self> {
                Self::value(random).into_expr()
            }
        }
    )*};
}

fn some<T: Sample>(random: &mut Random) -> Option<T> {
    (random.below(3) > 0).then(|| T::value(random))
}

fn many<T: Sample>(random: &mut Random) -> Vec<T> {
    (0..random.below(4)).map(|_| T::value(random)).collect()
}

plain! {
    Show, "show" "show2", |random| random.one_of(&[Self::All, Self::Open]), [];
    Shape, "shape" "shape2", |random| match random.below(3) {
        0 => Self::None,
        1 => Self::Circle(u64::value(random)),
        _ => Self::Named { name: some(random), size: f64::value(random) },
    }, [];
    Id, "id" "id2", |random| Self(u64::value(random)), [json!(""), json!("007"), json!(null)];
    Option<i64>, "maybe" "maybe2", some, [json!(""), json!("7"), json!("abc")];
    Option<String>, "note" "note2", some, [];
    Option<Show>, "choice" "choice2", some, [json!("")];
    Option<Option<bool>>, "deep" "deep2", some, [json!("")];
    Option<bool>, "flag" "flag2", some, [json!("")];
    Vec<u64>, "list" "list2", many, [json!([1, "3", "07"])];
    Vec<f64>, "floats" "floats2", many, [json!(["1.50", 3])];
    [Show; 2], "pair" "pair2", |random| [Show::value(random), Show::value(random)], [];
}

/// An expression, and its value in Rust.
struct Case {
    source: String,
    signals: Map<String, Value>,
    value: Option<Value>,
    /// Decodes the value that a browser sends for a signal to which the expression was written.
    again: fn(&Value) -> Option<Value>,
}

fn case<T: Sample>(random: &mut Random, signals: Map<String, Value>) -> Case {
    let depth = random.below(5);
    let expression = T::expr(random, depth);
    Case {
        source: expression.to_string(),
        value: expression.evaluate(&signals).map(|value| value.encode()),
        signals,
        again: |sent| T::decode(sent).ok().map(|value| value.encode()),
    }
}

fn random_case(random: &mut Random) -> Case {
    macro_rules! of {
        ($($ty:ty),*) => {{
            let mut signals = Map::new();
            $(<$ty>::signals(random, &mut signals);)*
            let cases = [$(case::<$ty> as fn(&mut Random, Map<String, Value>) -> Case),*];
            random.one_of(&cases)(random, signals)
        }};
    }
    of!(
        bool,
        bool,
        bool,
        i8,
        u8,
        i64,
        u64,
        i128,
        u128,
        f64,
        f64,
        f32,
        String,
        String,
        char,
        Show,
        Shape,
        Id,
        Option<i64>,
        Option<String>,
        Option<Show>,
        Option<Option<bool>>,
        Option<bool>,
        Vec<u64>,
        Vec<f64>,
        [Show; 2]
    )
}

/// Whether both are the same value. Numbers may be written in different ways.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| alike(a, b)))
        }
        (a, b) => a == b,
    }
}

fn in_the_browser(cases: &[Case]) -> Vec<Value> {
    let asked: Vec<_> = cases
        .iter()
        .map(|case| json!({ "source": case.source, "signals": case.signals }))
        .collect();
    let mut node = Command::new("node")
        .args(["--input-type=module", "--eval", EVALUATE])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/client"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node can be started");
    let mut stdin = node.stdin.take().unwrap();
    stdin
        .write_all(&serde_json::to_vec(&asked).unwrap())
        .unwrap();
    drop(stdin);
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn ten_thousand_random_expressions_mean_the_same_in_rust_and_in_the_browser() {
    let mut random = Random(20_260_101);
    let cases: Vec<_> = (0..CASES).map(|_| random_case(&mut random)).collect();
    let answers = in_the_browser(&cases);
    assert_eq!(answers.len(), CASES);
    let mut known = 0;
    for (case, answer) in cases.iter().zip(&answers) {
        let Case {
            source, signals, ..
        } = case;
        let context = || {
            format!(
                "{source}\nwith {}\nis {answer}",
                Value::Object(signals.clone())
            )
        };
        assert_eq!(answer.get("error"), None, "{}", context());
        let Some(value) = &case.value else {
            assert_eq!(answer["nothing"], true, "{}", context());
            continue;
        };
        known += 1;
        // If an expression passes on a list unchanged, its items stay as the user typed them.
        let is = match value {
            Value::Array(_) => (case.again)(&answer["value"]).unwrap_or_default(),
            _ => answer["value"].clone(),
        };
        assert!(alike(&is, value), "{value} and not\n{}", context());
        if let Some(text) = text_of(value) {
            assert_eq!(answer["text"], text, "{}", context());
        }
        let again = (case.again)(&answer["out"]);
        let again = again.unwrap_or_else(|| panic!("cannot be sent back: {}", context()));
        assert!(
            alike(&again, value),
            "{value} became {again}\n{}",
            context()
        );
    }
    assert!(known > CASES / 2, "most expressions have a value: {known}");
}
