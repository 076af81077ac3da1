//! Signals in a real browser: values of every type come back as they were, and what is typed into
//! a bound field is taken for exactly that, or refused.

#![expect(
    clippy::option_option,
    reason = "these have to come back as they were, too"
)]

use std::fmt::Debug;

use via::prelude::*;
use via_tests::chromium::{Browser, Page};
use via_tests::serving::Serving;

// Values of every type.

/// A stream of numbers that a seed begins.
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

trait Sample: Debug {
    fn sample(random: &mut Random) -> Self;
}

macro_rules! integers {
    ($($int:ty),*) => {$(
        impl Sample for $int {
            fn sample(random: &mut Random) -> Self {
                let edges = [<$int>::MIN, <$int>::MIN + 1, 0, 1, <$int>::MAX - 1, <$int>::MAX];
                // Around powers of two, and above all around 2^53.
                let power = [53, 53, 63, random.below(128)][random.below(4)];
                let near = (1_u128 << power).wrapping_add(u128::from(random.next() % 5)).wrapping_sub(2);
                let bits = (u128::from(random.next()) << 64) | u128::from(random.next());
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_possible_wrap,
                    reason = "any integer will do"
                )]
                random.one_of(&[edges[random.0 as usize % 6], near as $int, near.wrapping_neg() as $int, bits as $int])
            }
        }
    )*};
}

integers!(
    i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize
);

impl Sample for f64 {
    fn sample(random: &mut Random) -> Self {
        let edges = [
            0.0,
            -0.0,
            Self::NAN,
            Self::INFINITY,
            Self::NEG_INFINITY,
            Self::MIN,
            Self::MAX,
            Self::MIN_POSITIVE,
            5e-324,
            0.1 + 0.2,
            1e21,
            1e-7,
            9_007_199_254_740_992.0,
        ];
        let bits = Self::from_bits(random.next());
        #[expect(clippy::cast_precision_loss, reason = "any float will do")]
        let whole = random.next() as Self;
        let edge = random.one_of(&edges);
        random.one_of(&[edge, bits, whole])
    }
}

impl Sample for f32 {
    fn sample(random: &mut Random) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "any float will do")]
        let (narrow, bits) = (f64::sample(random) as Self, random.next() as u32);
        random.one_of(&[narrow, Self::from_bits(bits), 0.1, 16_777_216.0])
    }
}

impl Sample for bool {
    fn sample(random: &mut Random) -> Self {
        random.next().is_multiple_of(2)
    }
}

impl Sample for char {
    fn sample(random: &mut Random) -> Self {
        let edges = [
            '\0',
            '\r',
            '"',
            '\u{2028}',
            '\u{feff}',
            '\u{d7ff}',
            '\u{10ffff}',
            '👩',
        ];
        let any = Self::from_u32(u32::try_from(random.below(0x11_0000)).unwrap());
        let edge = random.one_of(&edges);
        random.one_of(&[edge, any.unwrap_or('?')])
    }
}

const AWKWARD: [&str; 20] = [
    "",
    " ",
    "\0",
    "\u{1}\u{7f}\u{85}",
    "\u{feff}",
    "\u{2028}\u{2029}",
    "\u{202e}abc",
    "\r\n\r\n",
    "a\rb",
    "\n",
    "\"'`\\",
    "</script><!--",
    "--><b>",
    "${@post('x')}",
    "👩‍👩‍👧\u{10ffff}",
    "\u{d7ff}\u{e000}\u{fffe}\u{ffff}",
    "\\u0000 \\ud800 &amp; &#13;",
    "null",
    "__proto__",
    "9007199254740993",
];

impl Sample for String {
    fn sample(random: &mut Random) -> Self {
        let mut text = Self::new();
        for _ in 0..random.below(4) {
            text.push_str(random.one_of(&AWKWARD));
            text.push(char::sample(random));
        }
        text
    }
}

impl<T: Sample> Sample for Option<T> {
    fn sample(random: &mut Random) -> Self {
        (random.below(3) > 0).then(|| T::sample(random))
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(random: &mut Random) -> Self {
        (0..random.below(4)).map(|_| T::sample(random)).collect()
    }
}

impl<T: Sample, const N: usize> Sample for [T; N] {
    fn sample(random: &mut Random) -> Self {
        std::array::from_fn(|_| T::sample(random))
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, via::SignalValue)]
enum Show {
    #[default]
    All,
    Open,
    Done,
}

impl Sample for Show {
    fn sample(random: &mut Random) -> Self {
        random.one_of(&[Self::All, Self::Open, Self::Done])
    }
}

#[derive(Clone, Debug, Default, via::SignalValue)]
enum Range {
    #[default]
    All,
    From(u64),
    Between(i128, f64),
    Named {
        name: Option<String>,
        constructor: Option<Option<i64>>,
    },
    Empty {},
}

impl Sample for Range {
    fn sample(random: &mut Random) -> Self {
        match random.below(5) {
            0 => Self::All,
            1 => Self::From(Sample::sample(random)),
            2 => Self::Between(Sample::sample(random), Sample::sample(random)),
            3 => Self::Named {
                name: Sample::sample(random),
                constructor: Sample::sample(random),
            },
            _ => Self::Empty {},
        }
    }
}

#[derive(Clone, Debug, Default, via::SignalValue)]
struct Empty {}

impl Sample for Empty {
    fn sample(_: &mut Random) -> Self {
        Self {}
    }
}

#[derive(Clone, Debug, Default, via::SignalValue)]
struct Id(u64);

impl Sample for Id {
    fn sample(random: &mut Random) -> Self {
        Self(Sample::sample(random))
    }
}

#[derive(Clone, Debug, Default, via::SignalValue)]
struct Filter {
    owner: Option<String>,
    size: u64,
    range: Range,
    many: Vec<Range>,
    nothing: Empty,
    // A key that every object of JavaScript has already.
    __proto__: Option<Id>,
}

impl Sample for Filter {
    fn sample(random: &mut Random) -> Self {
        Self {
            owner: Sample::sample(random),
            size: Sample::sample(random),
            range: Sample::sample(random),
            many: Sample::sample(random),
            nothing: Sample::sample(random),
            __proto__: Sample::sample(random),
        }
    }
}

/// A page with these signals.
macro_rules! everything {
    ($($name:ident: $ty:ty,)*) => {
        #[via::page("/")]
        struct Everything {
            #[state]
            case: u32,
            #[state]
            checked: u32,
            #[state]
            wrong: Vec<String>,
            $(#[signal] $name: $ty,)*
        }

        impl Everything {
            const SIGNALS: &[&str] = &[$(stringify!($name)),*];

            fn take(&mut self, random: &mut Random) {
                $(self.$name = Sample::sample(random);)*
            }

            /// The signals that are not what `take` made them.
            fn compare(&self, random: &mut Random) -> Vec<String> {
                let mut wrong = Vec::new();
                // Debug output tells -0.0 from 0.0, and NaN is equal to itself.
                $(
                    let expected = format!("{:?}", <$ty as Sample>::sample(random));
                    let found = format!("{:?}", self.$name);
                    if found != expected {
                        wrong.push(format!("{}: {found} and not {expected}", stringify!($name)));
                    }
                )*
                wrong
            }
        }
    };
}

everything! {
    flag: bool, letter: char, text: String,
    i8: i8, i16: i16, i32: i32, i64: i64, i128: i128, isize: isize,
    u8: u8, u16: u16, u32: u32, u64: u64, u128: u128, usize: usize,
    f32: f32, f64: f64,
    some_flag: Option<bool>, some_text: Option<String>, some_i64: Option<i64>,
    some_f64: Option<f64>, some_some: Option<Option<u64>>, some_letter: Option<char>,
    list: Vec<String>, numbers: Vec<f32>, nothings: Vec<Option<i64>>, array: [u64; 3],
    show: Show, some_show: Option<Show>, range: Range, id: Id, empty: Empty, filter: Filter,
    some_filter: Option<Filter>, filters: Vec<Filter>,
}

#[via::actions]
impl Everything {
    /// Checks the values of the last case, and takes those of the next one.
    fn next(&mut self) {
        self.note_what_is_wrong();
        self.case += 1;
        self.take(&mut Random(u64::from(self.case)));
    }

    fn check(&mut self) {
        self.checked += 1;
        self.note_what_is_wrong();
    }
}

impl Everything {
    fn note_what_is_wrong(&mut self) {
        let case = self.case;
        if case > 0 {
            let wrong = self.compare(&mut Random(u64::from(case)));
            self.wrong
                .extend(wrong.iter().map(|wrong| format!("case {case}: {wrong}")));
        }
    }
}

impl View for Everything {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            button id="next" data-on:click=(cx.next()) { "next" }
            button id="check" data-on:click=(cx.check()) { "check" }
            p id="case" { (self.case) }
            p id="checked" { (self.checked) }
            @for wrong in &self.wrong { p .wrong { (wrong) } }
        }
    }
}

const ONLINE: &str = "document.documentElement.dataset.viaConnection === 'online'";

/// Clicks, and waits until the page shows a number.
const HELPERS: &str = "{
    const shows = (id, number) => new Promise((done, failed) => {
        const late = setTimeout(() => failed(new Error(`#${id} does not become ${number}`)), 10_000);
        const look = () => {
            if (document.getElementById(id).textContent !== String(number)) return setTimeout(look, 1);
            clearTimeout(late);
            done();
        };
        look();
    });
    window.clickUntil = (button, id, number) => {
        document.getElementById(button).click();
        return shows(id, number);
    };
    window.sent = [];
    const { fetch } = window;
    window.tamper = (body) => body;
    window.fetch = (url, options) => {
        if (options?.headers?.['Via-Request'] === 'action') {
            const body = JSON.parse(options.body);
            sent.push({ signals: Object.keys(body.signals).sort(), dirty: body.dirty });
            options = { ...options, body: tamper(options.body) };
        }
        return fetch(url, options);
    };
}";

async fn serve() -> Serving {
    Serving::start(via::App::new().page::<Everything>().page::<Fields>()).await
}

fn open(server: &Serving, path: &str) -> Page {
    let url = format!("http://{}{path}", server.address());
    let page = Browser::shared().profile().open(&url);
    page.wait_for(ONLINE);
    page
}

fn wrong(page: &Page) -> Vec<String> {
    let wrong = page.eval("Array.from(document.querySelectorAll('.wrong'), (p) => p.textContent)");
    let wrong = wrong.as_array().unwrap().iter();
    wrong
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_comes_back_from_the_browser_as_it_was() {
    let server = serve().await;
    let page = open(&server, "/");
    page.eval(HELPERS);
    for first in [1, 101, 201, 301] {
        page.eval(&format!(
            "(async () => {{
                for (let n = {first}; n < {first} + 100; n++) await clickUntil('next', 'case', n);
            }})()"
        ));
        assert_eq!(wrong(&page), Vec::<String>::new());
    }
    page.eval("clickUntil('check', 'checked', 1)");
    assert_eq!(wrong(&page), Vec::<String>::new());
    // All signals were in each action, none of them as an edit of the user.
    let mut names = Everything::SIGNALS.to_vec();
    names.sort_unstable();
    let sent = page.eval("sent");
    assert_eq!(sent.as_array().unwrap().len(), 401);
    for sent in sent.as_array().unwrap() {
        assert_eq!(*sent, serde_json::json!({ "signals": names, "dirty": [] }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_values_of_a_new_document_come_back_as_they_were() {
    let server = serve().await;
    let page = open(&server, "/");
    for case in 1..=25 {
        page.eval(HELPERS);
        page.eval(&format!("clickUntil('next', 'case', {case})"));
        page.reload();
        page.wait_for(ONLINE);
        page.eval(HELPERS);
        page.eval(&format!("clickUntil('check', 'checked', {case})"));
        assert_eq!(wrong(&page), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_sees_what_the_browser_sent_and_not_what_is_stored() {
    let server = serve().await;
    let page = open(&server, "/");
    page.eval(HELPERS);
    page.eval("clickUntil('next', 'case', 1)");
    page.eval(
        "window.tamper = (text) => {
            const body = JSON.parse(text);
            body.signals.id = '77';
            return JSON.stringify(body);
        }",
    );
    page.eval("clickUntil('check', 'checked', 1)");
    let found = wrong(&page);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("case 1: id: Id(77) and not"),
        "{found:?}"
    );
    // It was no edit of the user, so it is not kept.
    page.eval("window.tamper = (text) => text");
    page.eval("clickUntil('check', 'checked', 2)");
    assert_eq!(wrong(&page).len(), 1);
}

// Bound fields.

#[via::page("/fields")]
struct Fields {
    #[state]
    saved: u32,
    #[state]
    seen: Vec<(String, String)>,
    #[signal(default = 7)]
    whole: i64,
    #[signal(default = Some(7))]
    maybe: Option<i64>,
    #[signal]
    missing: Option<i64>,
    #[signal(default = 7)]
    typed: i64,
    #[signal(default = 1.5)]
    float: f64,
    #[signal(default = i64::MAX)]
    large: i64,
    #[signal]
    text: String,
    #[signal(default = "a\nb".to_owned())]
    line: String,
    #[signal]
    note: Option<String>,
    #[signal]
    area: String,
    #[signal]
    flag: bool,
    #[signal(default = 30)]
    volume: u8,
    #[signal]
    show: Show,
    #[signal]
    choice: Option<Show>,
    #[signal]
    radio: Show,
    #[signal(default = 1)]
    rate: u8,
    #[signal(default = vec![1, 3])]
    tags: Vec<u8>,
    #[signal]
    filter: Filter,
}

impl Fields {
    fn see(&mut self) {
        macro_rules! seen {
            ($($name:ident)*) => {
                self.seen = vec![$((stringify!($name).to_owned(), format!("{:?}", self.$name))),*]
            };
        }
        seen!(whole maybe missing typed float large text line note area flag volume show choice radio rate tags);
        self.seen
            .push(("owner".to_owned(), format!("{:?}", self.filter.owner)));
        self.seen
            .push(("size".to_owned(), format!("{:?}", self.filter.size)));
    }
}

#[via::actions]
impl Fields {
    fn save(&mut self) {
        self.saved += 1;
        self.see();
    }

    fn clear(&mut self) {
        self.whole = 0;
        self.maybe = None;
        self.saved += 1;
    }
}

impl View for Fields {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        let shows = ["All", "Open", "Done"];
        html! {
            input id="whole" type="number" data-bind=(cx.whole());
            input id="maybe" type="number" data-bind=(cx.maybe());
            input id="missing" data-bind=(cx.missing());
            input id="typed" data-bind=(cx.typed());
            input id="float" type="number" step="any" data-bind=(cx.float());
            input id="large" data-bind=(cx.large());
            input id="text" data-bind=(cx.text());
            input id="line" value="a\nb" data-bind=(cx.line());
            input id="note" data-bind=(cx.note());
            textarea id="area" data-bind=(cx.area()) {}
            input id="flag" type="checkbox" data-bind=(cx.flag());
            input id="volume" type="range" data-bind=(cx.volume());
            select id="show" data-bind=(cx.show()) {
                @for show in shows { option value=(show) { (show) } }
            }
            select id="choice" data-bind=(cx.choice()) {
                option value="" { "none" }
                @for show in shows { option value=(show) { (show) } }
            }
            @for show in shows {
                input id={ "radio-" (show) } type="radio" name="radio" value=(show) data-bind=(cx.radio());
            }
            @for rate in 1..=3 {
                input id={ "rate-" (rate) } type="radio" name="rate" value=(rate) data-bind=(cx.rate());
            }
            @for tag in 1..=3 {
                input id={ "tag-" (tag) } type="checkbox" value=(tag) data-bind=(cx.tags());
            }
            input id="owner" data-bind={ (cx.filter()) ".owner" };
            input id="size" type="number" data-bind={ (cx.filter()) ".size" };
            button id="save" data-on:click=(cx.save()) { "save" }
            button id="clear" data-on:click=(cx.clear()) { "clear" }
            p id="saved" { (self.saved) }
            @for (name, value) in &self.seen { p id={ "seen-" (name) } { (value) } }
        }
    }
}

/// Replaces what a field holds, key by key.
fn type_into(page: &Page, field: &str, text: &str) {
    page.click(&format!("#{field}"));
    page.press("Control+a");
    page.press("Delete");
    page.type_text(text);
}

/// Clicks a button until the page shows that many saves.
fn save(page: &Page, count: u32) {
    page.click("#save");
    page.wait_for(&format!(
        "document.querySelector('#saved').textContent === '{count}'"
    ));
}

fn assert_saved(page: &Page, field: &str, expected: &impl Debug) {
    let seen = page.eval(&format!(
        "document.querySelector('#seen-{field}').textContent"
    ));
    assert_eq!(seen, format!("{expected:?}"), "{field}");
}

fn value(page: &Page, field: &str) -> String {
    let value = page.eval(&format!("document.querySelector('#{field}').value"));
    value.as_str().unwrap().to_owned()
}

/// Saves, expects that the server refuses it for that reason, and that nothing else happens.
fn assert_refused(page: &Page, message: &str) {
    let saved = page.eval("document.querySelector('#saved').textContent");
    page.click("#save");
    let alert = page.wait_for("document.querySelector('[role=alert]')?.textContent");
    assert_eq!(alert, message);
    page.click("[role=alert]");
    page.wait_for("!document.querySelector('[role=alert], [data-via-pending]')");
    assert_eq!(
        page.eval("document.querySelector('#saved').textContent"),
        saved
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_nobody_touched_change_no_signal() {
    let server = serve().await;
    let page = open(&server, "/fields");
    page.eval(HELPERS);
    for (field, shown) in [("whole", "7"), ("missing", ""), ("volume", "30")] {
        assert_eq!(value(&page, field), shown, "{field}");
    }
    assert_eq!(value(&page, "large"), i64::MAX.to_string());
    save(&page, 1);
    assert_eq!(page.eval("sent[0].dirty"), serde_json::json!([]));
    assert_saved(&page, "whole", &7);
    assert_saved(&page, "missing", &None::<i64>);
    assert_saved(&page, "large", &i64::MAX);
    assert_saved(&page, "line", &"a\nb");
    assert_saved(&page, "note", &None::<String>);
    assert_saved(&page, "volume", &30);
    assert_saved(&page, "tags", &[1, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cleared_number_field_is_none_or_an_error_and_never_0() {
    let server = serve().await;
    let page = open(&server, "/fields");
    page.expect("422");
    type_into(&page, "maybe", "");
    save(&page, 1);
    assert_saved(&page, "maybe", &None::<i64>);
    type_into(&page, "maybe", "5");
    type_into(&page, "missing", "6");
    save(&page, 2);
    assert_saved(&page, "maybe", &Some(5));
    assert_saved(&page, "missing", &Some(6));
    type_into(&page, "missing", "");
    save(&page, 3);
    assert_saved(&page, "missing", &None::<i64>);

    let message = format!(
        "`whole` must be a whole number from {} to {}",
        i64::MIN,
        i64::MAX
    );
    type_into(&page, "whole", "");
    assert_refused(&page, &message);
    assert_eq!(value(&page, "whole"), "");
    type_into(&page, "whole", "8");
    save(&page, 4);
    assert_saved(&page, "whole", &8);

    type_into(&page, "typed", "");
    assert_refused(&page, &message.replace("whole`", "typed`"));
    type_into(&page, "typed", "9");
    type_into(&page, "float", "");
    assert_refused(&page, "`float` must be a number");
    type_into(&page, "float", "2.5");
    type_into(&page, "size", "");
    assert_refused(
        &page,
        &format!(
            "`filter.size` must be a whole number from 0 to {}",
            u64::MAX
        ),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_arrive_as_they_are_typed_or_are_refused() {
    let server = serve().await;
    let page = open(&server, "/fields");
    page.expect("422");
    let message = |field: &str| {
        format!(
            "`{field}` must be a whole number from {} to {}",
            i64::MIN,
            i64::MAX
        )
    };
    let mut saves = 0;
    for field in ["whole", "typed", "large"] {
        for number in [9_007_199_254_740_993, i64::MIN, i64::MAX, -5, 42] {
            type_into(&page, field, &number.to_string());
            saves += 1;
            save(&page, saves);
            assert_saved(&page, field, &number);
            assert_eq!(value(&page, field), number.to_string());
        }
        // `1e` is shown by a number field, but not told.
        for text in ["-0", "1e3", "1.5", "9223372036854775808", "1e", "-"] {
            type_into(&page, field, text);
            assert_refused(&page, &message(field));
            if text.ends_with(|last: char| last.is_ascii_digit()) {
                assert_eq!(value(&page, field), text, "the field is left alone");
            }
        }
        if field != "whole" {
            type_into(&page, field, "abc");
            assert_refused(&page, &message(field));
            assert_eq!(value(&page, field), "abc");
        }
        type_into(&page, field, "42");
    }
    // A number field takes no letters beside the `e`.
    type_into(&page, "whole", "abc");
    assert_refused(&page, &message("whole"));
    type_into(&page, "whole", "7");

    type_into(&page, "size", "18446744073709551615");
    saves += 1;
    save(&page, saves);
    assert_saved(&page, "size", &u64::MAX);
    for (text, float) in [
        ("-0", "-0.0"),
        ("1e3", "1000.0"),
        ("0.1", "0.1"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("-2.50", "-2.5"),
        ("1e300", "1e300"),
    ] {
        type_into(&page, "float", text);
        saves += 1;
        save(&page, saves);
        let seen = page.eval("document.querySelector('#seen-float').textContent");
        assert_eq!(seen, float, "{text}");
    }
    for text in ["9007199254740993", "0.12345678901234567890"] {
        type_into(&page, "float", text);
        assert_refused(
            &page,
            "`float` must be a number with no more digits than `f64` holds",
        );
        assert_eq!(value(&page, "float"), text);
    }
    type_into(&page, "float", "1e");
    assert_refused(&page, "`float` must be a number");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_the_server_replaces_what_was_no_number() {
    let server = serve().await;
    let page = open(&server, "/fields");
    page.expect("422");
    type_into(&page, "maybe", "1e");
    page.click("#clear");
    page.wait_for("document.querySelector('[role=alert]')");
    assert_eq!(
        page.eval("document.querySelector('#maybe').validity.badInput"),
        true
    );
    type_into(&page, "maybe", "5");
    page.click("#clear");
    page.wait_for("document.querySelector('#maybe').value === ''");
    page.wait_for("document.querySelector('#whole').value === '0'");
}

#[tokio::test(flavor = "multi_thread")]
async fn text_arrives_as_it_is_typed() {
    let server = serve().await;
    let page = open(&server, "/fields");
    let awkward =
        "\"'`\\ </script><!-- ${@post('x')} \u{feff}\u{2028}\u{202e}👩‍👩‍👧\u{10ffff} __proto__ &amp;";
    for field in ["text", "note", "owner"] {
        page.click(&format!("#{field}"));
        page.insert_text(awkward);
    }
    page.click("#area");
    page.type_text("one\n\ntwo");
    page.insert_text(awkward);
    save(&page, 1);
    assert_saved(&page, "text", &awkward);
    assert_saved(&page, "note", &Some(awkward));
    assert_saved(&page, "owner", &Some(awkward));
    assert_saved(&page, "area", &format!("one\n\ntwo{awkward}"));
    for field in ["text", "note", "owner", "area"] {
        type_into(&page, field, "");
    }
    save(&page, 2);
    assert_saved(&page, "text", &"");
    assert_saved(&page, "note", &Some(""));
    assert_saved(&page, "owner", &Some(""));
    assert_saved(&page, "area", &"");
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_are_values_of_their_types() {
    let server = serve().await;
    let page = open(&server, "/fields");
    let checked = |field: &str| page.eval(&format!("document.querySelector('#{field}').checked"));
    assert_eq!(checked("tag-1"), true);
    assert_eq!(checked("tag-2"), false);
    assert_eq!(checked("rate-1"), true);
    assert_eq!(checked("radio-All"), true);
    page.click("#flag");
    page.click("#tag-1");
    page.click("#tag-2");
    page.click("#rate-3");
    page.click("#radio-Open");
    for select in ["show", "choice"] {
        page.eval(&format!("document.querySelector('#{select}').focus()"));
        page.type_text("D");
        page.wait_for(&format!(
            "document.querySelector('#{select}').value === 'Done'"
        ));
    }
    save(&page, 1);
    assert_saved(&page, "flag", &true);
    assert_saved(&page, "tags", &[3, 2]);
    assert_saved(&page, "rate", &3);
    assert_saved(&page, "radio", &Show::Open);
    assert_saved(&page, "show", &Show::Done);
    assert_saved(&page, "choice", &Some(Show::Done));

    page.click("#flag");
    page.eval("document.querySelector('#choice').focus()");
    page.type_text("n");
    page.wait_for("document.querySelector('#choice').value === ''");
    save(&page, 2);
    assert_saved(&page, "flag", &false);
    assert_saved(&page, "choice", &None::<Show>);

    page.reload();
    page.wait_for(ONLINE);
    assert_eq!(value(&page, "show"), "Done");
    assert_eq!(checked("tag-1"), false);
    assert_eq!(checked("rate-3"), true);
    assert_eq!(checked("radio-Open"), true);
}
