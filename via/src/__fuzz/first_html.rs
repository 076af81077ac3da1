//! Values of signals in the first HTML of a page.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    diff::{Tree, attributes},
    first_html::fill,
    signal::first::Known,
};

/// The input is the HTML of a view, the signals, and what expressions give. Filling in makes no element,
/// and gives none an attribute that does something. It also changes nothing when it is done again.
pub(super) fn check(input: &[u8]) {
    let [html, signals, values] = super::parts(input);
    let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
    let known = Known {
        signals: object(&signals),
        values: object(&values).into_iter().collect(),
    };
    let before = Tree::parse(html);
    let filled = fill(&before, &known);
    let after = Tree::parse(filled.clone());
    let (had, has) = (Counts::of(&before), Counts::of(&after));
    for (what, count) in &has.0 {
        let earlier = had.0.get(what).copied().unwrap_or(0);
        assert!(*count <= earlier, "{what:?} in {filled:?}");
    }
    assert_eq!(fill(&after, &known), filled);
}

/// How often a page has each element, and each attribute that does something, with its value.
#[derive(Default)]
struct Counts(BTreeMap<(String, String), usize>);

impl Counts {
    fn of(tree: &Tree) -> Self {
        let mut counts = Self::default();
        for node in tree.subtree(Tree::ROOT).skip(1) {
            let tag = tree.start_tag(node);
            let element = tag.split(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'));
            counts.add(element.take(1).collect(), "");
            for attribute in attributes(tag) {
                let name = tag[attribute.name].to_ascii_lowercase();
                let does =
                    name.starts_with("on") || runs(&name) || ["srcdoc", "style"].contains(&&*name);
                if does {
                    counts.add(name, &tag[attribute.value]);
                }
            }
        }
        counts
    }

    fn add(&mut self, name: String, value: &str) {
        *self.0.entry((name, value.to_owned())).or_default() += 1;
    }
}

/// Whether the client evaluates the value of an attribute of this name, or may do so.
fn runs(name: &str) -> bool {
    let plugin = name.strip_prefix("data-").unwrap_or_default();
    let plugin = plugin.split([':', '_', '.']).next().unwrap_or_default();
    let known = [
        "attr",
        "bind",
        "class",
        "computed",
        "effect",
        "init",
        "on",
        "ref",
        "show",
        "signals",
        "style",
        "text",
        "on-intersect",
        "on-interval",
        "on-signal-patch",
    ];
    known.contains(&plugin)
}
