//! HTML as a tree of elements, which are ranges of the text.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::parse::{Open, Parser, Unruly};
use super::tag::{self, ElementKind, Tag};

/// The content of the container of a view: the text, and the positions of its elements.
///
/// Text, comments and white space are not nodes. They are the gaps between elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// Shared, because callers that keep the tree usually keep the text too.
    html: Arc<str>,
    /// The elements in the order of their start tags. The first is the container, which is not in the text.
    nodes: Vec<Node>,
}

/// An element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    start: u32,
    content: u32,
    close: u32,
    end: u32,
    /// The number of the first element after this one that is not inside it.
    next: u32,
    parent: u32,
    id: u32,
    id_length: u16,
    kind: ElementKind,
    opaque: bool,
    /// Whether the id is simple and no other element has it.
    unique: bool,
}

impl Node {
    pub(super) fn new(start: usize, tag: &Tag, kind: ElementKind, parent: usize) -> Self {
        let id = tag.id.clone().unwrap_or(0..0);
        // A longer id is ignored.
        let id_length = u16::try_from(id.len()).unwrap_or(0);
        Self {
            start: offset(start),
            content: offset(tag.end),
            close: offset(tag.end),
            end: offset(tag.end),
            next: 0,
            parent: offset(parent),
            id: if id_length == 0 { 0 } else { offset(id.start) },
            id_length,
            kind,
            opaque: false,
            unique: false,
        }
    }

    fn container(length: usize) -> Self {
        Self {
            start: 0,
            content: 0,
            close: offset(length),
            end: offset(length),
            next: 1,
            parent: 0,
            id: 0,
            id_length: 0,
            kind: ElementKind::Root,
            opaque: false,
            unique: false,
        }
    }

    pub(super) fn finish(&mut self, close: usize, end: usize, next: usize) {
        self.close = offset(close);
        self.end = offset(end);
        self.next = offset(next);
    }

    pub(super) fn make_opaque(&mut self) {
        self.opaque = true;
    }

    pub(super) fn content_start(&self) -> usize {
        self.content as usize
    }

    /// Whether patches can address its children.
    fn is_open(&self) -> bool {
        !self.opaque && !self.kind.is_raw() && !self.kind.is_void()
    }

    /// Moves the node by `bytes` in the text, and its links to nodes from `from_node` on by `nodes`.
    fn shift(&mut self, (from_node, nodes): (u32, u32), bytes: u32) {
        self.start = self.start.wrapping_add(bytes);
        self.content = self.content.wrapping_add(bytes);
        self.close = self.close.wrapping_add(bytes);
        self.end = self.end.wrapping_add(bytes);
        self.id = self
            .id
            .wrapping_add(if self.id_length == 0 { 0 } else { bytes });
        self.next = self.next.wrapping_add(nodes);
        if self.parent >= from_node {
            self.parent = self.parent.wrapping_add(nodes);
        }
    }
}

/// The length of a text is checked once, when its tree is made, so offsets fit into `u32`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "`Tree::parse` refuses longer texts"
)]
fn offset(at: usize) -> u32 {
    at as u32
}

/// The part of a text that differs from another text. Both are equal before and after it.
struct ChangedRange {
    start: usize,
    old_end: usize,
}

impl Tree {
    /// The container.
    pub(crate) const ROOT: usize = 0;

    /// Reads the content of the container.
    #[must_use]
    pub fn parse(html: impl Into<Arc<str>>) -> Self {
        Self::read(html.into())
    }

    fn read(html: Arc<str>) -> Self {
        let root = Node::container(html.len());
        let mut nodes = vec![root];
        let context = vec![Open {
            name: CONTAINER_NAME.as_bytes(),
            kind: ElementKind::Root,
            node: Self::ROOT,
        }];
        let parsed = if u32::try_from(html.len()).is_ok_and(|length| length < u32::MAX / 2) {
            Parser::parse(&html, (0, html.len()), context, 1)
        } else {
            Err(Unruly)
        };
        match parsed {
            Ok(parsed) => nodes.extend(parsed),
            Err(Unruly) => nodes[0].opaque = true,
        }
        nodes[0].next = offset(nodes.len());
        // The server keeps many trees, and they never grow.
        nodes.shrink_to_fit();
        let mut tree = Self { html, nodes };
        tree.find_unique_ids();
        tree
    }

    /// How many bytes the tree needs, without the text.
    pub(crate) fn weight(&self) -> usize {
        size_of_val(&*self.nodes)
    }

    /// The text.
    #[must_use]
    pub fn html(&self) -> &str {
        &self.html
    }

    /// The text, without the tree.
    #[must_use]
    pub fn into_html(self) -> String {
        self.html.as_ref().to_owned()
    }

    /// The tree of `html`, and the innermost element that contains all differences, which has the same
    /// number in both trees. If possible, this parses only the part that differs from this tree.
    pub(super) fn follow(&self, html: Arc<str>) -> (Self, usize) {
        match self.splice(html) {
            Ok(spliced) => spliced,
            Err(html) => (Self::read(html), Self::ROOT),
        }
    }

    fn splice(&self, html: Arc<str>) -> Result<(Self, usize), Arc<str>> {
        let sized = u32::try_from(html.len()).is_ok_and(|length| length < u32::MAX / 2);
        if self.nodes[Self::ROOT].opaque || !sized {
            return Err(html);
        }
        let difference = ChangedRange::between(self.html.as_bytes(), html.as_bytes());
        let grown = offset(html.len()).wrapping_sub(offset(self.html.len()));
        // The difference alone may not be self-contained, so try it with more and more of its context.
        // Give up before that costs more than parsing everything.
        let mut spent = 0;
        let mut found = None;
        for around in self.ancestors(self.innermost_around(&difference)) {
            let (nodes, bytes) = self.region(around, &difference);
            let end = bytes.end + html.len() - self.html.len();
            spent += end - bytes.start;
            if spent > html.len() {
                break;
            }
            let context = self.open_elements(around);
            if let Ok(parsed) = Parser::parse(&html, (bytes.start, end), context, nodes.start) {
                found = Some((around, nodes, parsed));
                break;
            }
        }
        let Some((around, nodes, mut parsed)) = found else {
            return Err(html);
        };

        let removed = &self.nodes[nodes.clone()];
        let same_ids = self.reuse_unique_ids(removed, &mut parsed, &html);
        let more = offset(parsed.len()).wrapping_sub(offset(removed.len()));
        let mut all = Vec::with_capacity(self.nodes.len() - removed.len() + parsed.len());
        all.extend_from_slice(&self.nodes[..nodes.start]);
        all.extend_from_slice(&parsed);
        let behind = &self.nodes[nodes.end..];
        if (more, grown) == (0, 0) {
            all.extend_from_slice(behind);
        } else {
            all.extend(behind.iter().map(|node| {
                let mut node = *node;
                node.shift((offset(nodes.end), more), grown);
                node
            }));
        }
        for ancestor in self.ancestors(around) {
            let node = &mut all[ancestor];
            node.close = node.close.wrapping_add(grown);
            node.end = node.end.wrapping_add(grown);
            node.next = node.next.wrapping_add(more);
        }
        let mut tree = Self { html, nodes: all };
        if !same_ids {
            tree.find_unique_ids();
        }
        let around = if tree.nodes[Self::ROOT].opaque {
            Self::ROOT
        } else {
            around
        };
        Ok((tree, around))
    }

    /// The innermost element that contains the difference, and whose children patches can address.
    fn innermost_around(&self, difference: &ChangedRange) -> usize {
        let mut around = Self::ROOT;
        loop {
            let inner = self.children(around).find(|&child| {
                let node = &self.nodes[child];
                difference.start < node.end as usize
            });
            let Some(inner) = inner else { return around };
            let node = &self.nodes[inner];
            let begins = node.content as usize <= difference.start
                // A browser drops a first line break of a `pre`.
                && (node.kind != ElementKind::Pre || (node.content as usize) < difference.start);
            if !begins || (node.close as usize) < difference.old_end || !node.is_open() {
                return around;
            }
            around = inner;
        }
    }

    /// The children of `around` that the difference touches, and the bytes from the child before them to
    /// the child after them.
    fn region(&self, around: usize, difference: &ChangedRange) -> (Range<usize>, Range<usize>) {
        let node = &self.nodes[around];
        let mut nodes = around + 1..node.next as usize;
        let mut bytes = self.inner(around);
        for child in self.children(around) {
            let outer = self.outer(child);
            if outer.end <= difference.start {
                nodes.start = self.nodes[child].next as usize;
                bytes.start = outer.end;
            } else if outer.start >= difference.old_end {
                nodes.end = child;
                bytes.end = outer.start;
                break;
            }
        }
        (nodes, bytes)
    }

    fn open_elements(&self, innermost: usize) -> Vec<Open<'_>> {
        let mut open: Vec<_> = self
            .ancestors(innermost)
            .map(|node| Open {
                name: self.name(node).as_bytes(),
                kind: self.nodes[node].kind,
                node,
            })
            .collect();
        open.reverse();
        open
    }

    /// If the new elements have the same ids in the same order as the old ones, copies which of them are
    /// unique.
    fn reuse_unique_ids(&self, removed: &[Node], parsed: &mut [Node], html: &str) -> bool {
        let old = removed.iter().filter(|node| node.id_length > 0);
        let new = parsed.iter().filter(|node| node.id_length > 0);
        let same = old
            .clone()
            .map(|node| id_of(node, &self.html))
            .eq(new.map(|node| id_of(node, html)));
        let hides = |nodes: &[Node]| nodes.iter().any(|node| node.opaque);
        if !same || (old.clone().next().is_some() && (hides(removed) || hides(parsed))) {
            return false;
        }
        let new = parsed.iter_mut().filter(|node| node.id_length > 0);
        for (old, new) in old.zip(new) {
            new.unique = old.unique;
        }
        true
    }

    /// Marks the elements with a usable id. Makes the root opaque if an element has the container's id.
    fn find_unique_ids(&mut self) {
        let mut ids = Vec::new();
        let mut readable = true;
        let mut hidden_until = 0;
        for (number, node) in self.nodes.iter_mut().enumerate() {
            node.unique = false;
            let hidden = number < hidden_until;
            if node.opaque && !hidden {
                hidden_until = node.next as usize;
            }
            if node.id_length == 0 {
                continue;
            }
            let id = id_of(node, &self.html);
            readable &= id != CONTAINER_ID && has_plain_references(id);
            ids.push((xxh3_64(id.as_bytes()), number, !hidden && is_simple(id)));
        }
        if !readable {
            self.nodes.truncate(1);
            self.nodes[0].opaque = true;
            self.nodes[0].next = 1;
            return;
        }
        ids.sort_unstable();
        for (at, &(hash, number, usable)) in ids.iter().enumerate() {
            let like_previous = at > 0 && ids[at - 1].0 == hash;
            let like_next = ids.get(at + 1).is_some_and(|next| next.0 == hash);
            self.nodes[number].unique = usable && !like_previous && !like_next;
        }
    }

    /// The children of this element.
    pub(super) fn children(&self, node: usize) -> impl Iterator<Item = usize> {
        let end = if self.nodes[node].is_open() {
            self.nodes[node].next as usize
        } else {
            node + 1
        };
        let mut next = node + 1;
        std::iter::from_fn(move || {
            let child = next;
            (child < end).then(|| {
                next = self.nodes[child].next as usize;
                child
            })
        })
    }

    /// This element, its parent, and so on up to the container.
    pub(super) fn ancestors(&self, node: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(node), |&node| {
            (node != Self::ROOT).then(|| self.nodes[node].parent as usize)
        })
    }

    /// This element and all its descendants.
    pub(crate) fn subtree(&self, node: usize) -> Range<usize> {
        node..self.nodes[node].next as usize
    }

    pub(super) fn outer(&self, node: usize) -> Range<usize> {
        let node = &self.nodes[node];
        node.start as usize..node.end as usize
    }

    pub(crate) fn inner(&self, node: usize) -> Range<usize> {
        let node = &self.nodes[node];
        node.content as usize..node.close as usize
    }

    /// Whether the element has no place for content, because `/>` ends its start tag.
    pub(crate) fn is_closed_by_its_start_tag(&self, node: usize) -> bool {
        self.kind(node).is_foreign()
            && self.outer(node).end == self.inner(node).start
            && self.start_tag(node).ends_with("/>")
    }

    pub(super) fn outer_html(&self, node: usize) -> &str {
        &self.html[self.outer(node)]
    }

    pub(crate) fn start_tag(&self, node: usize) -> &str {
        let node = &self.nodes[node];
        &self.html[node.start as usize..node.content as usize]
    }

    /// Empty if the element ends without one.
    pub(super) fn end_tag(&self, node: usize) -> &str {
        let node = &self.nodes[node];
        &self.html[node.close as usize..node.end as usize]
    }

    pub(super) fn name(&self, node: usize) -> &str {
        if node == Self::ROOT {
            return CONTAINER_NAME;
        }
        let tag = self.start_tag(node);
        let end = tag
            .bytes()
            .position(|byte| tag::is_space(byte) || matches!(byte, b'/' | b'>'))
            .unwrap_or(tag.len());
        tag.get(1..end).unwrap_or_default()
    }

    pub(crate) fn kind(&self, node: usize) -> ElementKind {
        self.nodes[node].kind
    }

    pub(super) fn is_open(&self, node: usize) -> bool {
        self.nodes[node].is_open()
    }

    /// The id as it is written; empty if there is none.
    pub(super) fn id(&self, node: usize) -> &str {
        id_of(&self.nodes[node], &self.html)
    }

    /// The id, if it identifies only this element.
    pub(super) fn unique_id(&self, node: usize) -> Option<&str> {
        self.nodes[node].unique.then(|| self.id(node))
    }

    pub(super) fn find_id(&self, id: &str) -> Option<usize> {
        (0..self.nodes.len()).find(|&node| self.unique_id(node) == Some(id))
    }

    /// The indexes in `of` of the elements with a unique id.
    pub(super) fn unique_ids(&self, of: &[usize]) -> HashMap<&str, usize> {
        of.iter()
            .enumerate()
            .filter_map(|(at, &node)| Some((self.unique_id(node)?, at)))
            .collect()
    }
}

impl ChangedRange {
    fn between(old: &[u8], new: &[u8]) -> Self {
        const CHUNK: usize = 128;
        let shorter = old.len().min(new.len());
        let mut start = 0;
        while start + CHUNK <= shorter && old[start..start + CHUNK] == new[start..start + CHUNK] {
            start += CHUNK;
        }
        while start < shorter && old[start] == new[start] {
            start += 1;
        }
        let (old_rest, new_rest) = (&old[start..], &new[start..]);
        let shorter = shorter - start;
        let mut tail = 0;
        while tail + CHUNK <= shorter
            && old_rest[old_rest.len() - tail - CHUNK..][..CHUNK]
                == new_rest[new_rest.len() - tail - CHUNK..][..CHUNK]
        {
            tail += CHUNK;
        }
        while tail < shorter
            && old_rest[old_rest.len() - tail - 1] == new_rest[new_rest.len() - tail - 1]
        {
            tail += 1;
        }
        Self {
            start,
            old_end: old.len() - tail,
        }
    }
}

/// The id of the container. No element of a view may have it.
pub const CONTAINER_ID: &str = "via";

/// The name of the container. A surplus end tag with this name would end the container.
const CONTAINER_NAME: &str = "div";

fn id_of<'h>(node: &Node, html: &'h str) -> &'h str {
    let start = node.id as usize;
    html.get(start..start + usize::from(node.id_length))
        .unwrap_or_default()
}

/// Whether a selector can contain the id without escaping.
fn is_simple(id: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    id.starts_with(|first: char| first.is_ascii_alphabetic()) && id.bytes().all(rest)
}

/// Whether no character reference in this id can stand for a letter or digit. Otherwise the id could
/// equal a simple id without looking like it.
fn has_plain_references(id: &str) -> bool {
    id.split('&').skip(1).all(|reference| {
        ["amp;", "lt;", "gt;", "quot;"]
            .iter()
            .any(|plain| reference.starts_with(plain))
    })
}
