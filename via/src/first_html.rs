//! The first HTML of a page, with the values of its signals filled in.
//!
//! A view writes expressions: `data-text`, `data-show`, `data-class:..`, `data-attr:..` and
//! `data-bind`. This module fills their values into the document. So the page is right before a script
//! has run, and the client has nothing to change when it starts. Values that HTML cannot express, or
//! that only a browser knows, are left to the client.
//!
//! Only the first HTML is filled in. Streams send HTML as the view wrote it, because the client has its
//! own values of the signals, which may be newer.

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
use directive::{Directive, Plugin, is_directive};
use start_tag::StartTag;

/// The HTML of `tree`, with the known values filled in.
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
    /// The changed start tags, by the numbers of their elements.
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

    /// Whether the client ignores an element and its content.
    fn is_left_alone(&self, node: usize) -> bool {
        let tag = self.tree.start_tag(node);
        matches!(
            self.tree.kind(node),
            ElementKind::Template | ElementKind::NoScript | ElementKind::Mirror
        ) || (tag.contains("data-ignore") && StartTag::parse(tag).get("data-ignore").is_some())
    }

    /// Fills in one element; answers whether its content was replaced.
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

    /// The start tag of an element, to change it.
    fn tag(&mut self, node: usize) -> &mut StartTag<'t> {
        let text = self.tree.start_tag(node);
        self.tags
            .entry(node)
            .or_insert_with(|| StartTag::parse(text))
    }

    fn set_content(&mut self, node: usize, value: &Value) -> bool {
        let kind = self.tree.kind(node);
        // The parser of a browser puts no text into these.
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

    /// Replaces the content of an element by a text; answers whether HTML can express the text.
    fn replace_content(&mut self, node: usize, text: &str) -> bool {
        // An element of SVG that ends with its start tag has no place for a text.
        if self.tree.is_closed_by_its_start_tag(node) {
            return false;
        }
        let Some(escaped) = escaped(text) else {
            return false;
        };
        // A browser drops a first line break of these.
        let swallowed = matches!(
            self.tree.kind(node),
            ElementKind::Pre | ElementKind::TextArea
        );
        let content = if swallowed && text.starts_with('\n') {
            format!("\n{escaped}")
        } else {
            escaped
        };
        let place = self.tree.inner(node);
        // Of two directives for one content the first counts, as of two attributes of one name.
        if self.contents.last().is_none_or(|(last, _)| *last != place) {
            self.contents.push((place, content));
        }
        true
    }

    fn set_attribute(&mut self, node: usize, directive: &Directive, value: &Value) {
        let name = &*directive.key;
        let is_aria = name.starts_with("aria-");
        // A browser changes the spelling of SVG attributes. The client refuses the other ones too.
        let refused =
            name.starts_with("on") || ["srcdoc", "style"].contains(&name) || is_directive(name);
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
            // An earlier edit has replaced the content around this one.
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

/// A text as HTML, for use between tags or quotes; `None` if HTML cannot express it.
fn escaped(text: &str) -> Option<String> {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => return None,
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // A browser would read it as a line feed.
            '\r' => escaped.push_str("&#13;"),
            c => escaped.push(c),
        }
    }
    Some(escaped)
}
