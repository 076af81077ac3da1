//! Where a browser puts an element. These are the rules of the tree construction of HTML that decide
//! whether an element stays at the position where it is written.

use super::parse::{Parser, Unruly, is_any};
use super::tag::{self, ElementKind};

impl Parser<'_> {
    pub(super) fn foreign_kind(&self, name: &[u8]) -> Result<ElementKind, Unruly> {
        let top = self.top();
        if tag::breaks_out_of_foreign(name) || top.name.eq_ignore_ascii_case(b"annotation-xml") {
            return Err(Unruly);
        }
        let integration = if top.kind == ElementKind::Svg {
            is_any(name, &["foreignobject", "desc", "title"])
        } else {
            is_any(name, &["mi", "mo", "mn", "ms", "mtext"])
        };
        Ok(if integration {
            ElementKind::Integration
        } else {
            top.kind
        })
    }

    /// Checks that a browser would put an element at the position where it is written.
    pub(super) fn place(&mut self, kind: ElementKind, name: &[u8]) -> Result<(), Unruly> {
        if kind == ElementKind::Unruly {
            return Err(Unruly);
        }
        if self.selects
            && let Some(select) =
                self.find(|kind| kind == ElementKind::Select, ElementKind::is_scope)
        {
            return self.place_in_select(select, kind);
        }
        self.selects |= kind == ElementKind::Select;
        // A browser would end the outer element only in part: a link around a table or a similar
        // element, or a form around any element.
        if matches!(kind, ElementKind::A | ElementKind::Form)
            && let Some(outer) = self.outer(name)
            && self.stack[outer + 1..]
                .iter()
                .any(|open| kind == ElementKind::Form || open.kind.is_scope())
        {
            return Err(Unruly);
        }
        if self.is_table_inside()
            && let Some(table) = self.table()
        {
            return self.place_in_table(table, kind);
        }
        if kind.is_table_part() {
            return self.place_table_part(kind);
        }
        let in_cell = |kind| {
            matches!(
                kind,
                ElementKind::Cell | ElementKind::Caption | ElementKind::Template
            )
        };
        if kind == ElementKind::Table
            && self
                .find(|kind| kind == ElementKind::Table, in_cell)
                .is_some()
        {
            return Err(Unruly);
        }
        self.place_in_body(kind, name)
    }

    /// The innermost open element with this name, however far out.
    fn outer(&self, name: &[u8]) -> Option<usize> {
        self.stack
            .iter()
            .rposition(|open| open.name.eq_ignore_ascii_case(name))
    }

    fn place_in_select(&mut self, select: usize, kind: ElementKind) -> Result<(), Unruly> {
        let top = self.stack[self.innermost()].kind;
        match kind {
            ElementKind::Option if top != ElementKind::Option => Ok(()),
            ElementKind::OptionGroup if top == ElementKind::Select => Ok(()),
            ElementKind::Option
            | ElementKind::OptionGroup
            | ElementKind::Other
            | ElementKind::Block
            | ElementKind::Div
            | ElementKind::Void
            | ElementKind::Rule
            | ElementKind::Break
            | ElementKind::Formatting => self.mark(select),
            _ => Err(Unruly),
        }
    }

    fn place_in_table(&mut self, table: usize, kind: ElementKind) -> Result<(), Unruly> {
        let top = self.innermost();
        match (self.stack[top].kind, kind) {
            (
                ElementKind::Table,
                ElementKind::Caption | ElementKind::ColumnGroup | ElementKind::Section,
            )
            | (ElementKind::ColumnGroup, ElementKind::Column)
            | (ElementKind::Section, ElementKind::Row)
            | (ElementKind::Row, ElementKind::Cell)
            | (_, ElementKind::Template)
            | (ElementKind::Table | ElementKind::Section | ElementKind::Row, ElementKind::Script) => {
                Ok(())
            }
            // A browser adds the missing `tbody`, `colgroup` or `tr`.
            (ElementKind::Table, ElementKind::Row | ElementKind::Cell | ElementKind::Column)
            | (ElementKind::Section, ElementKind::Cell) => self.mark(top),
            (
                ElementKind::Section,
                ElementKind::Section
                | ElementKind::Caption
                | ElementKind::ColumnGroup
                | ElementKind::Column,
            )
            | (ElementKind::Row, ElementKind::Row) => self.ends(top),
            (_, kind) if kind.is_table_part() => self.ends(table),
            (ElementKind::ColumnGroup, _) | (_, ElementKind::Table) => Err(Unruly),
            // A browser moves everything else before the table.
            _ => self.mark(table - 1),
        }
    }

    /// A part of a table in a position that does not expect one.
    fn place_table_part(&mut self, kind: ElementKind) -> Result<(), Unruly> {
        match (self.stack[self.innermost()].kind, kind, self.table()) {
            (_, _, Some(table)) => self.ends(table),
            (ElementKind::Template, _, _)
            | (ElementKind::Section, ElementKind::Row, _)
            | (ElementKind::Row, ElementKind::Cell, _)
            | (ElementKind::ColumnGroup, ElementKind::Column, _) => Ok(()),
            _ => Err(Unruly),
        }
    }

    fn place_in_body(&mut self, kind: ElementKind, name: &[u8]) -> Result<(), Unruly> {
        if kind.ends_paragraph() {
            let scope = |kind: ElementKind| kind.is_scope() || kind == ElementKind::Button;
            if let Some(paragraph) = self.find(|kind| kind == ElementKind::P, scope) {
                // In a document without a doctype a table does not end a `p`. The tree must be right in
                // both cases.
                if kind == ElementKind::Table {
                    let around = self.stack[self.innermost_of(paragraph - 1)].kind;
                    if around.has_implied_end() || around == ElementKind::Heading {
                        return Err(Unruly);
                    }
                    self.check_contained(paragraph)?;
                    return self.mark(paragraph - 1);
                }
                self.ends(paragraph)?;
            }
        }
        let top = self.innermost();
        let innermost = self.stack[top].kind;
        let ended = match kind {
            ElementKind::Heading | ElementKind::Option | ElementKind::OptionGroup => {
                let ends = innermost == kind
                    || (kind == ElementKind::OptionGroup && innermost == ElementKind::Option);
                ends.then_some(top)
            }
            ElementKind::Li | ElementKind::Term => self.find(
                |open| open == kind,
                |open| open != kind && open.stops_item_search(),
            ),
            ElementKind::Button => self.find(|open| open == kind, ElementKind::is_scope),
            ElementKind::A | ElementKind::Form => self.outer(name),
            ElementKind::RubyPart if innermost.has_implied_end() => {
                // It might end several elements at once.
                if self.stack[self.innermost_of(top - 1)]
                    .kind
                    .has_implied_end()
                {
                    return Err(Unruly);
                }
                let ruby = self.stack.iter().any(|open| open.kind == ElementKind::Ruby);
                ruby.then_some(top)
            }
            _ => None,
        };
        match ended {
            Some(ended) => self.ends(ended),
            None => Ok(()),
        }
    }

    /// Notes that a browser ends the open element `ended` here, so that the following elements become
    /// its siblings.
    fn ends(&mut self, ended: usize) -> Result<(), Unruly> {
        self.check_contained(ended)?;
        self.mark(ended - 1)?;
        // A part of a table in a wrong position never ends its table.
        let table = usize::from(self.stack[ended].kind == ElementKind::Table);
        for open in &mut self.stack[ended + table..] {
            open.kind = ElementKind::Gone;
        }
        Ok(())
    }

    /// Checks that ending `ended` early changes nothing outside of its parent: later end tags must have
    /// no element to end, and the browser must not open an element again.
    fn check_contained(&self, ended: usize) -> Result<(), Unruly> {
        let (outside, inside) = self.stack.split_at(ended);
        let reaches_out = inside.iter().any(|open| {
            outside.iter().any(|other| {
                other.name.eq_ignore_ascii_case(open.name)
                    || (open.kind == ElementKind::Heading && other.kind == ElementKind::Heading)
            })
        });
        // The end tags of blocks look for their start tag beyond the container, and a browser opens
        // formatting elements again.
        let spreads = inside[1..].iter().any(|open| {
            let stays = matches!(
                open.kind,
                ElementKind::Other | ElementKind::Gone | ElementKind::P | ElementKind::Table
            );
            !stays && !open.kind.is_table_part()
        });
        if reaches_out || spreads {
            return Err(Unruly);
        }
        Ok(())
    }
}
