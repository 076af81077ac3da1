//! Expressions in a real browser: the first HTML is right and stays unchanged, and when the user changes
//! a value, everything that depends on it changes.

use std::time::Duration;

use serde_json::json;
use via::prelude::*;
use via_tests::chromium::{Browser, Page};
use via_tests::serving::Serving;

#[derive(Clone, Copy, Debug, Default, PartialEq, via::SignalValue)]
enum Show {
    All,
    #[default]
    Open,
    Done,
}

const TEXT: &str = "\r\n'\"`\\ </script><b>&amp; ${@post('x')} \u{2028}👩‍👩‍👧";

#[via::page("/")]
struct Everything {
    #[state]
    count: u32,
    #[signal(default = 3)]
    n: i64,
    #[signal(default = i64::MAX)]
    large: i64,
    #[signal(default = 1e21)]
    float: f64,
    #[signal(default = 0.1)]
    small: f32,
    #[signal(default = TEXT.to_owned())]
    text: String,
    #[signal]
    empty: String,
    #[signal]
    query: String,
    #[signal(default = true)]
    yes: bool,
    #[signal]
    no: bool,
    #[signal(local, default = true)]
    local: bool,
    #[signal]
    nothing: Option<i64>,
    #[signal(default = Some(5))]
    something: Option<i64>,
    #[signal]
    show: Show,
    #[signal(default = vec![2, 3])]
    tags: Vec<u8>,
    #[signal(default = 40)]
    volume: u8,
    #[signal]
    log: String,
}

#[via::actions]
impl Everything {
    fn increment(&mut self) {
        self.count += 1;
    }

    fn reset(&mut self) {
        self.count += 1;
        self.n = 100;
    }
}

impl Everything {
    fn fields(cx: &Cx<Self>) -> Markup {
        html! {
            input id="field-n" type="number" data-bind=(cx.n());
            input id="field-large" data-bind=(cx.large());
            input id="field-text" data-bind=(cx.text());
            input id="field-query" value="overruled" data-bind=(cx.query());
            input id="field-nothing" type="number" data-bind=(cx.nothing());
            input id="field-volume" type="range" data-bind=(cx.volume());
            textarea id="field-area" data-bind=(cx.text()) {}
            input id="field-yes" type="checkbox" data-bind=(cx.yes());
            input id="field-no" type="checkbox" checked data-bind=(cx.no());
            @for show in ["All", "Open", "Done"] {
                input id={ "radio-" (show) } type="radio" name="show" value=(show) data-bind=(cx.show());
            }
            @for tag in 1..=3 {
                input id={ "tag-" (tag) } type="checkbox" value=(tag) data-bind=(cx.tags());
            }
            select id="field-show" data-bind=(cx.show()) {
                @for show in ["All", "Open", "Done"] { option value=(show) { (show) } }
            }
        }
    }

    fn shown(cx: &Cx<Self>) -> Markup {
        let (define_double, double) = (cx.n() * 2).computed("double");
        html! {
            div data-computed=(define_double) {
                output id="double" data-text=(&double) {}
                p id="few" data-show=(double.lt(10)) { "few" }
            }
            output id="n" data-text=(cx.n() + 1) { "0" }
            output id="large" data-text=(cx.large() + 1) {}
            output id="float" data-text=(cx.float() / 3.0) {}
            output id="small" data-text=(cx.small()) {}
            output id="text" data-text=(cx.text() + "!") {}
            pre id="pre" data-text=(cx.text()) {}
            output id="nothing" data-text=(cx.nothing()) {}
            output id="or" data-text=(cx.nothing().unwrap_or(cx.something().unwrap_or(1))) {}
            output id="length" data-text=(cx.text().len().to_text() + "/" + cx.text().char_count().to_text()) {}
            p id="yes" data-show=(cx.yes()) { "yes" }
            p id="no" class="flex" data-show=(cx.no() & cx.yes()) { "no" }
            p id="local" data-show=(cx.local()) { "local" }
            p id="empty" data-show=(cx.empty().is_empty()) { "empty" }
            p.tab id="tab" data-class:active=(cx.show().eq(Show::Open)) data-class:tab=(cx.yes()) {}
            p.tab id="other" data-class:active=(cx.show().ne(Show::Open)) data-class:late=(cx.no()) {}
            button id="disabled" data-attr:disabled=(cx.n().gt(2)) data-attr:title=(cx.text()) {}
            button id="enabled" disabled data-attr:disabled=(cx.n().gt(3)) data-attr:aria-pressed=(cx.no()) {}
            p id="tagged" data-show=(cx.tags().contains(2) & !cx.tags().contains(1)) { "tagged" }
        }
    }
}

impl View for Everything {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            p id="count" data-class:many=(cx.n().gt(50)) title=(self.count) { (self.count) }
            (Self::fields(cx))
            (Self::shown(cx))
            button id="increment" data-on:click=(cx.increment()) { "increment" }
            button id="reset" data-on:click=(cx.reset()) { "reset" }
            button id="toggle" data-on:click=(cx.no().toggle().then(cx.local().toggle())) { "toggle" }
            button id="both" data-on:click=(cx.n().set(cx.n() + 40).then(cx.increment())) { "both" }
            button id="max" data-on:click=(cx.large().set(cx.large() - 1)) { "less" }
            button id="pick" data-on:click=(cx.show().set(Show::Done)) { "pick" }
            button id="once" data-on:click=(cx.log().set(cx.log() + "o").once()) { "once" }
            input id="keys" data-on:keydown=(
                cx.log().set(cx.log() + event::key()).key("Enter").key(" ").key("x").prevent()
            );
            input id="search" data-on:input=(cx.query().set(event::value()).debounce(Duration::from_millis(60)));
            div id="box" data-on:click=(cx.log().set(cx.log() + "b").outside()) { button id="in" { "in" } }
            input id="ctrl" data-on:keydown=(
                (event::ctrl() & event::key().eq("k")).then(cx.log().set("ctrl").then(cx.no().set(true))).window()
            );
            output id="log" data-text=(cx.log()) {}
            output id="query" data-text=(cx.query()) {}
        }
    }
}

/// Records all changes after the document is parsed, before any script of it has run.
const WATCH: &str = "{
    const state = () => Array.from(document.querySelectorAll('#via *'), (element) => [
        element.outerHTML, element.value, element.checked, element.selectedIndex, getComputedStyle(element).display,
    ]);
    window.mutations = [];
    document.addEventListener('readystatechange', () => {
        if (document.readyState !== 'interactive') return;
        new MutationObserver((list) => {
            for (const { type, target, attributeName } of list) {
                mutations.push([type, target.id || target.nodeName, attributeName]);
            }
        }).observe(document.getElementById('via'), {
            attributes: true, characterData: true, childList: true, subtree: true,
        });
        window.before = state();
    });
    window.changed = () => {
        const after = state();
        return before.flatMap((old, i) => JSON.stringify(old) === JSON.stringify(after[i]) ? [] : [[old, after[i]]]);
    };
}";

async fn open() -> (Serving, Page) {
    let server = Serving::start(via::App::new().page::<Everything>()).await;
    let url = format!("http://{}/", server.address());
    let page = Browser::shared().profile().open(&url);
    page.call(
        "Page.addScriptToEvaluateOnNewDocument",
        &json!({ "source": WATCH }),
    );
    page.goto(&url);
    page.online();
    (server, page)
}

#[track_caller]
fn text(page: &Page, id: &str, expected: &str) {
    page.wait_for(&format!(
        "document.getElementById('{id}').textContent === {}",
        serde_json::to_string(expected).unwrap()
    ));
}

#[track_caller]
fn is_shown(page: &Page, id: &str, expected: bool) {
    page.wait_for(&format!(
        "(document.getElementById('{id}').offsetParent !== null) === {expected}"
    ));
}

/// The stream has answered everything that was asked of it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_changes_after_load_in_a_page_whose_state_did_not_change() {
    let (_server, page) = open().await;
    assert_eq!(page.eval("before.length > 50"), true);
    assert_eq!(page.eval("mutations"), json!([]));
    assert_eq!(page.eval("changed()"), json!([]));

    let length = format!("{}/{}", TEXT.len(), TEXT.chars().count());
    for (id, expected) in [
        ("double", "6"),
        ("n", "4"),
        ("large", "9223372036854775807"),
        ("float", "333333333333333300000"),
        ("small", "0.1"),
        ("nothing", ""),
        ("or", "5"),
        ("length", &length),
        ("pre", TEXT),
    ] {
        text(&page, id, expected);
    }
    for (id, shown) in [
        ("yes", true),
        ("no", false),
        ("local", true),
        ("empty", true),
        ("few", true),
        ("tagged", true),
    ] {
        is_shown(&page, id, shown);
    }
    let values = page.eval(
        "['field-n', 'field-large', 'field-query', 'field-nothing', 'field-volume', 'field-show']
            .map((id) => document.getElementById(id).value)",
    );
    assert_eq!(
        values,
        json!(["3", "9223372036854775807", "", "", "40", "Open"])
    );
    let checked = page
        .eval("Array.from(document.querySelectorAll('#via input:checked'), (input) => input.id)");
    assert_eq!(
        checked,
        json!(["field-yes", "radio-Open", "tag-2", "tag-3"])
    );
    assert_eq!(
        page.eval("['tab', 'other'].map((id) => document.getElementById(id).className)"),
        json!(["tab active", "tab"])
    );

    // Nor in a document that is loaded with other values.
    page.click("#both");
    page.click("#toggle");
    page.click("#pick");
    page.click("#tag-2");
    page.click("#increment");
    text(&page, "count", "2");
    page.settled();
    let url = page.eval("location.href");
    page.goto(url.as_str().unwrap());
    page.online();
    text(&page, "n", "44");
    is_shown(&page, "no", true);
    is_shown(&page, "local", true);
    assert_eq!(page.eval("mutations"), json!([]));
    assert_eq!(page.eval("changed()"), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_depends_on_a_signal_follows_it_without_the_server() {
    let (server, page) = open().await;
    server.stop().await;
    page.expect_network_errors();
    page.click("#toggle");
    is_shown(&page, "no", true);
    is_shown(&page, "local", false);
    page.click("#toggle");
    is_shown(&page, "no", false);
    page.click("#max");
    text(&page, "large", "9223372036854775807");
    page.click("#max");
    text(&page, "large", "9223372036854775806");
    page.click("#pick");
    page.wait_for("document.getElementById('other').className === 'tab active'");
    page.wait_for("document.getElementById('field-show').value === 'Done'");
    page.click("#tag-1");
    is_shown(&page, "tagged", false);

    page.click("#field-n");
    page.press("Control+a");
    page.type_text("5");
    text(&page, "double", "10");
    is_shown(&page, "few", false);
    // An emptied field has no number, so the expression does nothing.
    page.press("Control+a");
    page.press("Delete");
    text(&page, "double", "");
    text(&page, "n", "");
    page.type_text("6");
    text(&page, "double", "12");
}

#[tokio::test(flavor = "multi_thread")]
async fn modifiers_and_values_of_events_reach_signals() {
    let (_server, page) = open().await;
    page.click("#keys");
    page.type_text("axb ");
    page.press("Enter");
    text(&page, "log", "bx Enter");
    assert_eq!(page.eval("document.getElementById('keys').value"), "ab");
    page.click("#once");
    text(&page, "log", "bx Enterob");
    page.click("#once");
    text(&page, "log", "bx Enterobb");
    page.click("#in");
    page.click("#search");
    text(&page, "log", "bx Enterobbb");
    page.type_text("find");
    text(&page, "query", "find");
    page.wait_for("document.getElementById('field-query').value === 'find'");
    page.press("Control+k");
    text(&page, "log", "ctrl");
    is_shown(&page, "no", true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_of_the_server_leaves_what_the_browser_shows_by_itself() {
    let (_server, page) = open().await;
    page.click("#toggle");
    page.click("#field-query");
    page.type_text("typed");
    page.click("#tag-1");
    page.eval(
        "document.getElementById('field-query').focus();
         document.getElementById('field-query').setSelectionRange(2, 2)",
    );
    // Patches the element whose class follows a signal.
    page.eval("document.getElementById('both').click()");
    text(&page, "count", "1");
    page.wait_for("document.getElementById('count').title === '1'");
    assert_eq!(page.eval("document.getElementById('count').className"), "");
    page.eval("document.getElementById('both').click()");
    text(&page, "count", "2");
    assert_eq!(
        page.eval("document.getElementById('count').className"),
        "many"
    );
    is_shown(&page, "no", true);
    is_shown(&page, "local", false);
    is_shown(&page, "tagged", false);
    text(&page, "n", "84");
    assert_eq!(
        page.eval("[document.getElementById('field-query').value, document.getElementById('field-query').selectionStart]"),
        json!(["typed", 2])
    );
    // What the server decides arrives everywhere.
    page.eval("document.getElementById('reset').click()");
    text(&page, "count", "3");
    text(&page, "n", "101");
    page.wait_for("document.getElementById('field-n').value === '100'");
    assert_eq!(
        page.eval("document.getElementById('count').className"),
        "many"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_frame_leaves_what_the_browser_shows_by_itself() {
    let (_server, page) = open().await;
    page.click("#toggle");
    page.click("#tag-1");
    page.click("#field-area");
    page.press("Control+a");
    page.type_text("typed");
    // A new document would show none of this.
    let shown = "Array.from(document.querySelectorAll('#via *'), (element) => [
        element.id, element.className, element.value, element.checked, element.disabled, element.title,
        element.children.length || 'value' in element ? '' : element.textContent, getComputedStyle(element).display,
    ]).filter(([id]) => !['count', 'increment', 'log'].includes(id))";
    let before = page.eval(shown);
    page.eval("document.getElementById('count').remove()");
    page.eval("document.getElementById('increment').click()");
    text(&page, "count", "1");
    page.settled();
    assert_eq!(page.eval(shown), before);
    is_shown(&page, "no", true);
    is_shown(&page, "local", false);
    text(&page, "pre", "typed");
    page.click("#max");
    page.click("#max");
    text(&page, "large", "9223372036854775806");
}
