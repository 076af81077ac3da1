//! Tests of what expressions print and evaluate to.

use serde_json::{Map, Value, json};

use super::*;
use crate::{event, signal::Signal};

fn signals() -> Map<String, Value> {
    let Value::Object(signals) = json!({
        "open": true, "n": 7, "big": "9223372036854775807", "x": 1.5, "query": "",
        "maybe": null, "tags": [1, "3"], "_local": "a",
    }) else {
        unreachable!()
    };
    signals
}

const OPEN: Signal<bool> = Signal::new("open");
const N: Signal<i64> = Signal::new("n");
const BIG: Signal<i64> = Signal::new("big");
const X: Signal<f64> = Signal::new("x");
const QUERY: Signal<String> = Signal::new("query");
const MAYBE: Signal<Option<i64>> = Signal::new("maybe");
const TAGS: Signal<Vec<u8>> = Signal::new("tags");
const LOCAL: Signal<char> = Signal::local("local");

#[track_caller]
fn gives<T: SignalValue + PartialEq + fmt::Debug>(
    expression: impl IntoExpr<T>,
    source: &str,
    value: T,
) {
    let expression = expression.into_expr();
    assert_eq!(expression.to_string(), source);
    assert_eq!(expression.evaluate(&signals()), Some(value));
}

#[test]
fn operators_print_what_javascript_reads_with_as_few_parentheses_as_it_needs() {
    gives(!OPEN, "!$open", false);
    gives(
        OPEN & !QUERY.is_empty() | N.gt(3),
        "$open && !($query === '') || @i64($n) > 3n",
        true,
    );
    gives(
        OPEN & (OPEN | OPEN) ^ true,
        "($open && ($open || $open)) !== true",
        false,
    );
    gives(
        (N + 1) * 2 - -N,
        "@i64(@i64(@i64(@i64($n) + 1n) * 2n) - @i64(-@i64($n)))",
        23,
    );
    gives(X - 1.0 - 0.5, "@f64($x) - 1 - 0.5", 0.0);
    gives(X - (X - 0.5), "@f64($x) - (@f64($x) - 0.5)", 0.5);
    gives(-(-X), "-(-@f64($x))", 1.5);
    gives(
        OPEN.if_else("yes", "no").eq("yes"),
        "($open ? 'yes' : 'no') === 'yes'",
        true,
    );
    gives(
        MAYBE.unwrap_or(5).lt(N),
        "(@i64($maybe, null) ?? 5n) < @i64($n)",
        true,
    );
    gives(MAYBE.is_none(), "@i64($maybe, null) === null", true);
    gives(MAYBE.eq(None), "@i64($maybe, null) === null", true);
    gives(LOCAL.eq('a'), "$_local === 'a'", true);
    gives(QUERY + "b" + "c", "$query + 'b' + 'c'", "bc".to_owned());
    gives(
        TAGS.contains(3) & TAGS.len().eq(2),
        "@has($tags, 3n, 'u8') && @len($tags) === 2n",
        true,
    );
    gives(
        (N + 1).to_text() + "%",
        "@text(@i64(@i64($n) + 1n)) + '%'",
        "8%".to_owned(),
    );
}

#[test]
fn integers_stop_at_the_ends_of_their_type() {
    gives(BIG + 1, "@i64(@i64($big) + 1n)", i64::MAX);
    gives(N / 0, "@i64(@i64($n) / 0n)", i64::MAX);
    gives(-N / 0, "@i64(@i64(-@i64($n)) / 0n)", i64::MIN);
    let minus_one = -1;
    gives(N % 0, "@i64(@i64($n) % 0n)", 0);
    gives(N.to_int::<u8>() - 9, "@u8(@u8(@i64($n)) - 9n)", 0);
    gives(BIG.to_int::<u8>(), "@u8(@i64($big))", 255);
    gives(
        -BIG - 1 - 1,
        "@i64(@i64(@i64(-@i64($big)) - 1n) - 1n)",
        i64::MIN,
    );
    gives(
        (-BIG - 1) / -1,
        "@i64(@i64(@i64(-@i64($big)) - 1n) / -1n)",
        i64::MAX,
    );
    gives(
        (-BIG - 1) % minus_one,
        "@i64(@i64(@i64(-@i64($big)) - 1n) % -1n)",
        0,
    );
}

#[test]
fn no_text_becomes_a_part_of_an_expression() {
    let text = "'\"\\</script>${@post('x')}-->\n\u{2028}&é";
    gives(
        text,
        "'\\u{27}\\u{22}\\u{5c}\\u{3c}/script\\u{3e}\\u{24}{\\u{40}post(\\u{27}x\\u{27})}--\\u{3e}\\u{a}\\u{2028}\\u{26}é'",
        text.to_owned(),
    );
}

#[test]
fn what_happened_is_known_to_the_browser_alone() {
    let typed = event::value() + "!";
    assert_eq!(typed.to_string(), "evt.target.value + '!'");
    assert_eq!(typed.evaluate(&signals()), None);
}

#[test]
fn steps_follow_each_other_and_can_depend_on_a_condition() {
    let steps = N.set(N + 1).then(OPEN.toggle());
    assert_eq!(
        steps.to_string(),
        "$n = @i64(@i64($n) + 1n); $open = !$open"
    );
    assert_eq!(
        OPEN.then(steps).prevent().to_string(),
        "__prevent $open && [$n = @i64(@i64($n) + 1n), $open = !$open]"
    );
    assert_eq!(
        event::key().eq("a").then(OPEN.toggle()).to_string(),
        "evt.key === 'a' && ($open = !$open)"
    );
}

#[test]
fn modifiers_are_printed_before_the_steps() {
    let all = OPEN
        .toggle()
        .key("Enter")
        .key(" .")
        .debounce(std::time::Duration::from_millis(1500))
        .window()
        .once()
        .once();
    assert_eq!(
        all.to_string(),
        "__key.Enter.%20%2E__debounce.1500ms__window__once $open = !$open"
    );
}

#[test]
fn a_computed_signal_gives_what_it_follows() {
    let (definition, twice) = (N * 2).computed("twice-of n");
    assert_eq!(definition.to_string(), "$twice_of_n = @i64(@i64($n) * 2n)");
    gives(twice, "@i64($twice_of_n)", 14);
}
