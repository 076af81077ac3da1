//! Parses text into elements, and marks the elements that a browser would parse differently.
//!
//! A browser repairs markup: it ends a `p` before a `div`, moves text out of a `table`, drops a nested
//! `form`. This parser builds the tree as it is written. If a repair would lead to another tree, the
//! parser marks the nearest element that contains the whole repair as *opaque*, and the diff never
//! compares its content. If the parser cannot tell how far a repair reaches, the whole content is
//! [`Unruly`].

use super::tag::{self, ElementKind, Tag, is_space};
use super::tree::Node;

/// A deeper element makes the whole content opaque, because browsers flatten very deep trees.
const MAX_DEPTH: usize = 256;

/// The parser cannot tell which tree a browser would build from this text.
#[derive(Debug)]
pub(super) struct Unruly;

/// An element whose end tag has not been read yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open<'h> {
    pub(super) name: &'h [u8],
    pub(super) kind: ElementKind,
    /// Its number in the tree.
    pub(super) node: usize,
}

pub(super) struct Parser<'h> {
    html: &'h [u8],
    at: usize,
    end: usize,
    /// The number that the first element of `nodes` has in the tree.
    first: usize,
    nodes: Vec<Node>,
    pub(super) stack: Vec<Open<'h>>,
    /// How many elements of `stack` were open before this text.
    context: usize,
    /// Whether a `select` was ever open. Most texts have none.
    pub(super) selects: bool,
}

impl<'h> Parser<'h> {
    /// Reads `html[at..end]` inside the elements `context`, which ends with the innermost one.
    ///
    /// # Errors
    ///
    /// [`Unruly`] if the text is not self-contained, because it would change an element of the context.
    pub(super) fn parse(
        html: &'h str,
        (at, end): (usize, usize),
        context: Vec<Open<'h>>,
        first: usize,
    ) -> Result<Vec<Node>, Unruly> {
        let mut parser = Self {
            html: html.as_bytes(),
            at,
            end,
            first,
            // This estimate is rarely too small.
            nodes: Vec::with_capacity((end - at) / 24),
            selects: context.iter().any(|open| open.kind == ElementKind::Select),
            context: context.len(),
            stack: context,
        };
        while parser.at < end {
            parser.step()?;
        }
        if parser.stack.len() == parser.context && parser.at == end {
            Ok(parser.nodes)
        } else {
            Err(Unruly)
        }
    }

    fn step(&mut self) -> Result<(), Unruly> {
        let rest = &self.html[self.at..self.end];
        let text = rest
            .iter()
            .position(|&byte| byte == b'<')
            .unwrap_or(rest.len());
        if text > 0 {
            self.at += text;
            return self.text(&rest[..text]);
        }
        match rest.get(1).copied() {
            Some(byte) if byte.is_ascii_alphabetic() => self.start_tag(),
            Some(b'/') if rest.get(2).is_some_and(u8::is_ascii_alphabetic) => self.end_tag(),
            Some(b'!') => self.declaration(rest),
            // A browser reads these as comments.
            Some(b'?' | b'/') => self.skip(rest, 1, b">"),
            _ => {
                self.at += 1;
                self.text(b"<")
            }
        }
    }

    fn text(&mut self, text: &[u8]) -> Result<(), Unruly> {
        if !self.is_table_inside() {
            return Ok(());
        }
        match self.table() {
            Some(table) if !text.iter().copied().all(is_space) => self.mark(table - 1),
            _ => Ok(()),
        }
    }

    fn declaration(&mut self, rest: &[u8]) -> Result<(), Unruly> {
        if rest.starts_with(b"<!-->") || rest.starts_with(b"<!--->") {
            self.skip(rest, 4, b">")
        } else if rest.starts_with(b"<!--") {
            // `--!>` ends a comment too. It is so rare that the parser gives up.
            let at = self.at;
            self.skip(rest, 4, b"-->")?;
            let comment = &self.html[at + 4..self.at];
            if comment.windows(4).any(|bytes| bytes == b"--!>") {
                return Err(Unruly);
            }
            Ok(())
        } else if rest.starts_with(b"<![CDATA[") && self.top().kind.is_foreign() {
            self.skip(rest, 9, b"]]>")
        } else {
            self.skip(rest, 2, b">")
        }
    }

    /// Continues after the first `until` that is at least `from` bytes away.
    fn skip(&mut self, rest: &[u8], from: usize, until: &[u8]) -> Result<(), Unruly> {
        let found = rest[from..]
            .windows(until.len())
            .position(|bytes| bytes == until)
            .ok_or(Unruly)?;
        self.at += from + found + until.len();
        Ok(())
    }

    fn start_tag(&mut self) -> Result<(), Unruly> {
        let start = self.at;
        let tag = tag::read(&self.html[..self.end], start + 1).ok_or(Unruly)?;
        let name = &self.html[tag.name.clone()];
        let kind = match self.top().kind {
            ElementKind::Svg | ElementKind::Math => self.foreign_kind(name)?,
            ElementKind::Integration if is_any(name, &["mglyph", "malignmark"]) => {
                return Err(Unruly);
            }
            _ => tag::kind(name),
        };
        let foreign = self.top().kind.is_foreign() && self.top().kind != ElementKind::Integration;
        if !foreign {
            self.place(kind, name)?;
        }
        if tag.shadow_root && kind == ElementKind::Template {
            self.mark(self.stack.len() - 1)?;
        }
        self.at = tag.end;
        self.push(start, &tag, kind)?;
        let open = self.stack.len() - 1;
        if kind.is_void() || (kind.is_foreign() && tag.self_closing) {
            self.pop(tag.end, tag.end);
        } else if kind.is_raw() {
            self.raw_text(kind)?;
        } else if matches!(
            kind,
            ElementKind::Svg
                | ElementKind::Math
                | ElementKind::Template
                | ElementKind::NoScript
                | ElementKind::Mirror
        ) || (kind == ElementKind::Pre
            && matches!(self.html.get(tag.end), Some(b'\n' | b'\r')))
        {
            self.mark(open)?;
        }
        Ok(())
    }

    fn push(&mut self, start: usize, tag: &Tag, kind: ElementKind) -> Result<(), Unruly> {
        if self.stack.len() > MAX_DEPTH {
            return Err(Unruly);
        }
        let node = self.first + self.nodes.len();
        self.nodes
            .push(Node::new(start, tag, kind, self.top().node));
        self.stack.push(Open {
            name: &self.html[tag.name.clone()],
            kind,
            node,
        });
        Ok(())
    }

    /// Ends the innermost element. Its content ends at `close`, and the element at `end`.
    fn pop(&mut self, close: usize, end: usize) {
        let next = self.first + self.nodes.len();
        if let Some(open) = self.stack.pop() {
            self.nodes[open.node - self.first].finish(close, end, next);
        }
    }

    fn raw_text(&mut self, kind: ElementKind) -> Result<(), Unruly> {
        let name = self.top().name;
        let start = self.at;
        loop {
            let rest = &self.html[self.at..self.end];
            let close = rest
                .windows(2)
                .position(|bytes| bytes == b"</")
                .ok_or(Unruly)?
                + self.at;
            let after = close + 2 + name.len();
            let ends = self
                .html
                .get(close + 2..after)
                .is_some_and(|other| other.eq_ignore_ascii_case(name))
                && self
                    .html
                    .get(after)
                    .is_some_and(|&byte| is_space(byte) || matches!(byte, b'/' | b'>'));
            self.at = close + 2;
            if ends {
                let content = &self.html[start..close];
                if kind == ElementKind::Script && is_twice_escaped(content) {
                    return Err(Unruly);
                }
                let tag = tag::read(&self.html[..self.end], close + 2).ok_or(Unruly)?;
                self.at = tag.end;
                self.pop(close, tag.end);
                return Ok(());
            }
        }
    }

    fn end_tag(&mut self) -> Result<(), Unruly> {
        let start = self.at;
        let open = self.top().name;
        let behind = start + 2 + open.len();
        let tag = if self.html[..self.end].get(behind) == Some(&b'>')
            && self.html[start + 2..behind] == *open
        {
            Tag::bare(start + 2..behind)
        } else {
            tag::read(&self.html[..self.end], start + 2).ok_or(Unruly)?
        };
        let name = &self.html[tag.name.clone()];
        self.at = tag.end;
        if self.stack.len() > self.context && self.top().name.eq_ignore_ascii_case(name) {
            if self.top().kind == ElementKind::NoScript {
                self.check_no_script(start)?;
            }
            self.pop(start, tag.end);
            return Ok(());
        }
        if self.stack.iter().any(|open| open.kind.is_foreign()) {
            return Err(Unruly);
        }
        let wanted = self
            .stack
            .iter()
            .rposition(|open| open.name.eq_ignore_ascii_case(name));
        match wanted {
            Some(wanted) => self.end_early(wanted, start, tag.end),
            None => self.stray_end(tag::kind(name)),
        }
    }

    /// Handles the end tag of an element that contains other open elements.
    fn end_early(&mut self, wanted: usize, start: usize, end: usize) -> Result<(), Unruly> {
        let kind = self.stack[wanted].kind;
        let mut inside = self.stack[wanted + 1..].iter().map(|open| open.kind);
        let contained = match kind {
            ElementKind::Block
            | ElementKind::Div
            | ElementKind::P
            | ElementKind::Li
            | ElementKind::Term
            | ElementKind::Heading
            | ElementKind::Button
            | ElementKind::Caption
            | ElementKind::Cell => inside.all(|kind| {
                kind.has_implied_end() || matches!(kind, ElementKind::Other | ElementKind::Gone)
            }),
            ElementKind::Table | ElementKind::Section | ElementKind::Row => inside.all(|kind| {
                matches!(
                    kind,
                    ElementKind::Section | ElementKind::Row | ElementKind::Cell
                )
            }),
            ElementKind::Select => {
                inside.all(|kind| matches!(kind, ElementKind::Option | ElementKind::OptionGroup))
            }
            ElementKind::Other => inside.all(|kind| kind == ElementKind::Other),
            _ => false,
        };
        if !contained {
            return Err(Unruly);
        }
        self.mark(wanted)?;
        while self.stack.len() > wanted + 1 {
            self.pop(start, start);
        }
        self.pop(start, end);
        Ok(())
    }

    /// Handles an end tag without an open element. It might end an element around the container.
    fn stray_end(&mut self, kind: ElementKind) -> Result<(), Unruly> {
        // These two create an element.
        if matches!(kind, ElementKind::P | ElementKind::Break) && !self.is_table_inside() {
            self.mark(self.stack.len() - 1)
        } else {
            Err(Unruly)
        }
    }

    /// Checks the end of a `noscript`. A browser with scripts reads its content as text, and one without
    /// as markup. Both must end it here.
    fn check_no_script(&self, close: usize) -> Result<(), Unruly> {
        let start = self.nodes[self.top().node - self.first].content_start();
        let ends = self.html[start..close]
            .windows(10)
            .any(|bytes| bytes.eq_ignore_ascii_case(b"</noscript"));
        if ends { Err(Unruly) } else { Ok(()) }
    }

    /// Makes the open element opaque, or the one around it that is still open in a browser.
    pub(super) fn mark(&mut self, open: usize) -> Result<(), Unruly> {
        let around = self.innermost_of(open);
        if around < self.context {
            return Err(Unruly);
        }
        self.nodes[self.stack[around].node - self.first].make_opaque();
        Ok(())
    }

    pub(super) fn top(&self) -> Open<'h> {
        self.stack[self.stack.len() - 1]
    }

    /// The innermost element that is still open in a browser.
    pub(super) fn innermost(&self) -> usize {
        self.innermost_of(self.stack.len() - 1)
    }

    /// The same without the elements inside of `open`. The container always stays open.
    pub(super) fn innermost_of(&self, open: usize) -> usize {
        let stays = |open: &Open<'_>| open.kind != ElementKind::Gone;
        self.stack[..=open].iter().rposition(stays).unwrap_or(0)
    }

    /// Whether the innermost element accepts only parts of a table.
    pub(super) fn is_table_inside(&self) -> bool {
        matches!(
            self.stack[self.innermost()].kind,
            ElementKind::Table | ElementKind::Section | ElementKind::Row | ElementKind::ColumnGroup
        )
    }

    /// The innermost table.
    pub(super) fn table(&self) -> Option<usize> {
        self.find(
            |kind| kind == ElementKind::Table,
            |kind| matches!(kind, ElementKind::Template) || kind.is_foreign(),
        )
    }

    /// The innermost open element that is `wanted`. An element that `stops` ends the search.
    pub(super) fn find(
        &self,
        wanted: impl Fn(ElementKind) -> bool,
        stops: impl Fn(ElementKind) -> bool,
    ) -> Option<usize> {
        self.stack
            .iter()
            .enumerate()
            .rev()
            .find(|(_, open)| wanted(open.kind) || stops(open.kind))
            .filter(|(_, open)| wanted(open.kind))
            .map(|(at, _)| at)
    }
}

pub(super) fn is_any(name: &[u8], names: &[&str]) -> bool {
    names
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// Whether this script contains a comment with a `script` that would hide the end tag.
fn is_twice_escaped(script: &[u8]) -> bool {
    let comment = script.windows(4).position(|bytes| bytes == b"<!--");
    comment.is_some_and(|comment| {
        script[comment..]
            .windows(7)
            .any(|bytes| bytes.eq_ignore_ascii_case(b"<script"))
    })
}
