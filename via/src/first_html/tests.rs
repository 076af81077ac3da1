//! Which values are filled in.

use maud::html;
use serde_json::{Map, Value, json};

use super::*;
use crate::signal::{Expr, IntoExpr, Signal, first};

const OPEN: Signal<bool> = Signal::new("open");
const N: Signal<i64> = Signal::new("n");
const QUERY: Signal<String> = Signal::new("query");

fn signals() -> Map<String, Value> {
    let Value::Object(signals) = json!({
        "open": false, "n": 7, "query": "a <b> & \"c\"", "tags": ["1", 3], "none": null,
        "lines": "\na\rb", "filter": { "owner": "ann" }, "nul": "\u{0}", "show": "Open",
    }) else {
        unreachable!()
    };
    signals
}

#[track_caller]
fn becomes(view: impl FnOnce() -> maud::Markup, expected: &str) {
    let (html, known) = first::observe(signals(), || view().into_string());
    assert_eq!(fill(&Tree::parse(html), &known), expected);
}

fn bound(name: &str) -> String {
    format!("${name}")
}

#[test]
fn texts_are_what_expressions_give() {
    becomes(
        || html! { p data-text=(N + 1) { "old" b { "x" } } p data-text=(QUERY) {} },
        "<p data-text=\"@i64(@i64($n) + 1n)\">8</p>\
         <p data-text=\"$query\">a &lt;b&gt; &amp; &quot;c&quot;</p>",
    );
    becomes(
        || html! { pre data-text=(bound("lines")) {} p data-text=(bound("none")) { "x" } },
        "<pre data-text=\"$lines\">\n\na&#13;b</pre><p data-text=\"$none\"></p>",
    );
    // HTML cannot express it.
    becomes(
        || html! { p data-text=(bound("nul")) { "x" } p data-text=(bound("filter")) {} },
        "<p data-text=\"$nul\">x</p><p data-text=\"$filter\"></p>",
    );
}

#[test]
fn what_is_not_to_be_seen_is_hidden() {
    becomes(
        || html! { p data-show=(OPEN) {} p data-show=(!OPEN) {} p data-show=(N.lt(3)) class="a" {} },
        "<p data-show=\"$open\" data-via-hidden=\"\"></p><p data-show=\"!$open\"></p>\
         <p data-show=\"@i64($n) &lt; 3n\" class=\"a\" data-via-hidden=\"\"></p>",
    );
}

#[test]
fn a_signal_of_any_type_is_a_condition_as_in_javascript() {
    becomes(
        || html! { p data-show=(bound("none")) {} p data-show=(QUERY) data-class:a=(N) {} },
        "<p data-show=\"$none\" data-via-hidden=\"\"></p>\
         <p data-show=\"$query\" data-class:a=\"$n\" class=\"a\"></p>",
    );
    // Whether it is true depends on the type: NaN is false, but its text on the wire is true.
    becomes(
        || html! { p data-show=(N + 1) {} },
        "<p data-show=\"@i64(@i64($n) + 1n)\"></p>",
    );
}

#[test]
fn classes_and_attributes_are_set_and_removed() {
    becomes(
        || {
            html! {
                p.a.b data-class:active=(!OPEN) data-class:a=(OPEN) {}
                p data-class:active=(OPEN) {}
                p.old data-class:old=(OPEN) {}
            }
        },
        "<p class=\"b active\" data-class:active=\"!$open\" data-class:a=\"$open\"></p>\
         <p data-class:active=\"$open\"></p><p class=\"\" data-class:old=\"$open\"></p>",
    );
    becomes(
        || {
            html! {
                button disabled data-attr:disabled=(OPEN) data-attr:aria-pressed=(OPEN) {}
                button data-attr:disabled=(!OPEN) data-attr:title=(QUERY) data-attr:onclick=(QUERY) {}
            }
        },
        "<button data-attr:disabled=\"$open\" data-attr:aria-pressed=\"$open\" aria-pressed=\"false\"></button>\
         <button data-attr:disabled=\"!$open\" data-attr:title=\"$query\" data-attr:onclick=\"$query\" \
         disabled=\"\" title=\"a &lt;b&gt; &amp; &quot;c&quot;\"></button>",
    );
}

#[test]
fn a_value_becomes_no_expression() {
    for name in [
        "data-on:click",
        "data-text",
        "data-on-intersect",
        "data-init__delay.1s",
    ] {
        let html = format!("<p data-attr:{name}=\"$query\"></p>");
        let (html, known) = first::observe(signals(), || html);
        assert_eq!(fill(&Tree::parse(html.clone()), &known), html);
    }
    becomes(
        || html! { p data-attr:data-theme=(N) data-attr:data-textual=(N) {} },
        "<p data-attr:data-theme=\"$n\" data-attr:data-textual=\"$n\" data-theme=\"7\" data-textual=\"7\"></p>",
    );
}

#[test]
fn an_element_is_filled_in_once() {
    becomes(
        || maud::PreEscaped(r#"<p data-text="$n" data-text="$n"></p>"#.to_owned()),
        r#"<p data-text="$n" data-text="$n">7</p>"#,
    );
    becomes(
        || html! { textarea data-bind="query" data-text=(bound("n")) {} },
        "<textarea data-bind=\"query\" data-text=\"$n\">a &lt;b&gt; &amp; &quot;c&quot;</textarea>",
    );
}

#[test]
fn an_attribute_without_its_value_takes_none_that_is_filled_in() {
    becomes(
        || maud::PreEscaped(r#"<p data-attr:title="$query" x=></p>"#.to_owned()),
        r#"<p data-attr:title="$query" x="" title="a &lt;b&gt; &amp; &quot;c&quot;"></p>"#,
    );
}

#[test]
fn an_element_that_ends_with_its_start_tag_gets_no_text_behind_it() {
    becomes(
        || {
            maud::PreEscaped(
                r#"<svg><text data-text="$n"/><text data-text="$n"></text></svg>"#.to_owned(),
            )
        },
        r#"<svg><text data-text="$n"/><text data-text="$n">7</text></svg>"#,
    );
}

#[test]
fn fields_hold_their_signals() {
    becomes(
        || {
            html! {
                input data-bind=(N);
                input value="old" data-bind="query";
                input data-bind:none;
                input data-bind="$filter.owner";
                textarea data-bind="$lines" { "old" }
            }
        },
        "<input data-bind=\"$n\" value=\"7\">\
         <input value=\"a &lt;b&gt; &amp; &quot;c&quot;\" data-bind=\"query\">\
         <input data-bind:none>\
         <input data-bind=\"$filter.owner\" value=\"ann\">\
         <textarea data-bind=\"$lines\">\n\na&#13;b</textarea>",
    );
    becomes(
        || {
            html! {
                input type="checkbox" checked data-bind=(OPEN);
                input type="checkbox" value="3" data-bind="tags";
                input type="checkbox" value="2" data-bind="tags";
                input type="radio" value="Open" data-bind="show";
                input type="file" data-bind="query";
            }
        },
        "<input type=\"checkbox\" data-bind=\"$open\">\
         <input type=\"checkbox\" value=\"3\" data-bind=\"tags\" checked=\"\">\
         <input type=\"checkbox\" value=\"2\" data-bind=\"tags\">\
         <input type=\"radio\" value=\"Open\" data-bind=\"show\" checked=\"\">\
         <input type=\"file\" data-bind=\"query\">",
    );
    becomes(
        || {
            html! {
                select data-bind="show" { option selected { "All" } option { " Open " } }
                select multiple data-bind="tags" { option value="1" {} option value="2" {} }
            }
        },
        "<select data-bind=\"show\"><option>All</option><option selected=\"\"> Open </option></select>\
         <select multiple data-bind=\"tags\"><option value=\"1\" selected=\"\"></option>\
         <option value=\"2\"></option></select>",
    );
}

#[test]
fn what_the_client_does_not_look_at_stays_as_it_is() {
    let text = || N.to_text();
    let same = |view: fn(Expr<String>) -> maud::Markup| {
        becomes(|| view(text()), &view(text()).into_string());
    };
    same(|text| html! { div data-ignore { p data-text=(text) { "x" } } });
    same(|text| html! { template { p data-text=(text) { "x" } } });
    same(|text| html! { noscript { p data-text=(text) { "x" } } });
    same(|text| html! { p data-text__once=(text) { "x" } });
    same(|text| html! { table { tr data-text=(text) { td { "x" } } } });
    same(|text| html! { p data-text={ "1 + " (text) } { "x" } });
    same(|_| html! { p data-text=(crate::event::key()) { "x" } });
}

#[test]
fn a_view_that_panics_leaves_nothing_behind() {
    let panicked = std::panic::catch_unwind(|| first::observe(signals(), || panic!("on purpose")));
    assert!(panicked.is_err());
    let (_, known) = first::observe(Map::new(), || N.into_expr());
    assert!(known.values.is_empty() && known.signals.is_empty());
}
