//! Text in a bound field is read exactly as typed, or refused.

use std::fmt::Debug;

use via::prelude::*;
use via_tests::chromium::Page;

use super::samples::{Filter, Show};
use super::{HELPERS, open, serve};

#[via::page("/fields")]
pub(super) struct Fields {
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

/// Saves, and expects that the server refuses it for that reason and that nothing else happens.
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
        // A number field shows `1e`, but its value is empty.
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
    // A number field takes no letters except `e`.
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
    page.online();
    assert_eq!(value(&page, "show"), "Done");
    assert_eq!(checked("tag-1"), false);
    assert_eq!(checked("rate-3"), true);
    assert_eq!(checked("radio-Open"), true);
}
