//! The first HTML of a page, with everything in it that the browser would make of the page's signals.
//!
//! A view prints what is to be shown as expressions: `data-text`, `data-show`, `data-class:..`,
//! `data-attr:..` and `data-bind`. Here the document gets what they give, so that it is right before
//! any script has run, and the client finds nothing to change when it starts. What cannot be said in
//! HTML, and what only a browser knows, is left to the client.
//!
//! Only documents are filled in. What streams send is as the view printed it: the client shows its
//! own values, which may be newer.

mod directive;
mod field;
mod start_tag;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, ops::Range};

use serde_json::Value;

use crate::{
    diff::{ElementKind, Tree},
    signal::{first::Known, text_of},
};
use directive::{Directive, Plugin};
use start_tag::StartTag;

/// The HTML of `tree`, with what is known filled in.
pub(crate) fn fill(tree: &Tree, known: &Known) -> String {
    let html = tree.html();
    if !Plugin::NAMES.iter().any(|name| html.contains(name)) {
        return html.to_owned();
    }
    let mut filling = Filling {
        tree,
        known,
        tags: BTreeMap::new(),
        contents: Vec::new(),
    };
    filling.elements();
    filling.apply()
}

struct Filling<'t> {
    tree: &'t Tree,
    known: &'t Known,
    /// The start tags that change, by the numbers of their elements.
    tags: BTreeMap<usize, StartTag<'t>>,
    /// New contents of elements.
    contents: Vec<(Range<usize>, String)>,
}

impl<'t> Filling<'t> {
    fn elements(&mut self) {
        let all = self.tree.subtree(Tree::ROOT);
        let mut node = Tree::ROOT + 1;
        while node < all.end {
            node = if self.is_left_alone(node) || self.element(node) {
                self.tree.subtree(node).end
            } else {
                node + 1
            };
        }
    }

    /// Whether the client does not look into an element.
    fn is_left_alone(&self, node: usize) -> bool {
        let tag = self.tree.start_tag(node);
        matches!(
            self.tree.kind(node),
            ElementKind::Template | ElementKind::NoScript | ElementKind::Mirror
        ) || (tag.contains("data-ignore") && StartTag::parse(tag).get("data-ignore").is_some())
    }

    /// Fills in one element; answers whether all in it was replaced.
    fn element(&mut self, node: usize) -> bool {
        let text = self.tree.start_tag(node);
        if !text.contains("data-") {
            return false;
        }
        let directives: Vec<_> = StartTag::parse(text).directives().collect();
        let mut replaced = false;
        for directive in directives {
            let value = directive.value(self.known);
            match (directive.plugin, value) {
                (Plugin::Bind, Some(value)) => field::fill(self, node, &value),
                (Plugin::Text, Some(value)) => replaced |= self.set_content(node, &value),
                (Plugin::Show, Some(value)) if directive.holds(&value) == Some(false) => {
                    self.tag(node).set("data-via-hidden", "");
                }
                (Plugin::Class, Some(value)) => {
                    if let Some(on) = directive.holds(&value) {
                        self.tag(node).toggle_class(&directive.key, on);
                    }
                }
                (Plugin::Attr, Some(value)) => self.set_attribute(node, &directive, &value),
                _ => {}
            }
        }
        replaced
    }

    /// The start tag of an element, to be changed.
    fn tag(&mut self, node: usize) -> &mut StartTag<'t> {
        let text = self.tree.start_tag(node);
        self.tags
            .entry(node)
            .or_insert_with(|| StartTag::parse(text))
    }

    fn set_content(&mut self, node: usize, value: &Value) -> bool {
        let kind = self.tree.kind(node);
        // A browser's parser puts no text into these.
        let takes_no_text = matches!(
            kind,
            ElementKind::Table
                | ElementKind::Section
                | ElementKind::Row
                | ElementKind::ColumnGroup
                | ElementKind::Select
                | ElementKind::OptionGroup
        );
        if kind.is_void() || kind.is_raw() || takes_no_text {
            return false;
        }
        let text = text_of(value);
        text.is_some_and(|text| self.replace_content(node, &text))
    }

    /// Gives an element this text; answers whether it can be said in HTML.
    fn replace_content(&mut self, node: usize, text: &str) -> bool {
        let Some(escaped) = escaped(text) else {
            return false;
        };
        // These swallow a first line break.
        let swallowed = matches!(
            self.tree.kind(node),
            ElementKind::Pre | ElementKind::TextArea
        );
        let content = if swallowed && text.starts_with('\n') {
            format!("\n{escaped}")
        } else {
            escaped
        };
        self.contents.push((self.tree.inner(node), content));
        true
    }

    fn set_attribute(&mut self, node: usize, directive: &Directive, value: &Value) {
        let name = &*directive.key;
        let is_aria = name.starts_with("aria-");
        // A browser spells attributes of SVG in its own way; and the client refuses the others, too.
        let refused = name.starts_with("on") || ["srcdoc", "style"].contains(&name);
        if refused || self.tree.kind(node).is_foreign() {
            return;
        }
        match value {
            Value::Null => self.tag(node).remove(name),
            Value::Bool(false) if !is_aria => self.tag(node).remove(name),
            Value::Bool(true) if !is_aria => self.tag(node).set(name, ""),
            value => {
                if let Some(text) = text_of(value) {
                    self.tag(node).set(name, &text);
                }
            }
        }
    }

    fn apply(self) -> String {
        let html = self.tree.html();
        let mut edits: Vec<_> = self
            .tags
            .iter()
            .map(|(&node, tag)| {
                let end = self.tree.inner(node).start;
                let start = end - self.tree.start_tag(node).len();
                (start..end, tag.to_string())
            })
            .chain(self.contents)
            .collect();
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut filled = String::with_capacity(html.len() + html.len() / 8);
        let mut at = 0;
        for (range, text) in edits {
            // What is in an element whose content is replaced is gone.
            if range.start < at {
                continue;
            }
            filled.push_str(&html[at..range.start]);
            filled.push_str(&text);
            at = range.end;
        }
        filled.push_str(&html[at..]);
        filled
    }
}

/// A text as HTML, between tags or quotes; nothing for what HTML cannot say.
fn escaped(text: &str) -> Option<String> {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => return None,
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // It would become a line feed.
            '\r' => escaped.push_str("&#13;"),
            c => escaped.push(c),
        }
    }
    Some(escaped)
}
