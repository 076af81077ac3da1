//! Where a browser puts an element: the rules of HTML's tree construction, as far as they tell whether that is where it
//! is written.

use super::parse::{Parser, Unruly, is_any};
use super::tag::{self, Kind};

impl Parser<'_> {
    pub(super) fn foreign_kind(&self, name: &[u8]) -> Result<Kind, Unruly> {
        let top = self.top();
        if tag::breaks_out_of_foreign(name) || top.name.eq_ignore_ascii_case(b"annotation-xml") {
            return Err(Unruly);
        }
        let integration = if top.kind == Kind::Svg {
            is_any(name, &["foreignobject", "desc", "title"])
        } else {
            is_any(name, &["mi", "mo", "mn", "ms", "mtext"])
        };
        Ok(if integration {
            Kind::Integration
        } else {
            top.kind
        })
    }

    /// Checks that a browser would put an element here just where it is written.
    pub(super) fn place(&mut self, kind: Kind, name: &[u8]) -> Result<(), Unruly> {
        if kind == Kind::Unruly {
            return Err(Unruly);
        }
        if self.selects
            && let Some(select) = self.find(|kind| kind == Kind::Select, Kind::is_scope)
        {
            return self.place_in_select(select, kind);
        }
        self.selects |= kind == Kind::Select;
        // An outer one is ended only half: a link around a table or the like, a form around anything.
        if matches!(kind, Kind::A | Kind::Form)
            && let Some(outer) = self.outer(name)
            && self.stack[outer + 1..]
                .iter()
                .any(|open| kind == Kind::Form || open.kind.is_scope())
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
        let in_cell = |kind| matches!(kind, Kind::Cell | Kind::Caption | Kind::Template);
        if kind == Kind::Table && self.find(|kind| kind == Kind::Table, in_cell).is_some() {
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

    fn place_in_select(&mut self, select: usize, kind: Kind) -> Result<(), Unruly> {
        let top = self.stack[self.innermost()].kind;
        match kind {
            Kind::Option if top != Kind::Option => Ok(()),
            Kind::OptionGroup if top == Kind::Select => Ok(()),
            Kind::Option
            | Kind::OptionGroup
            | Kind::Other
            | Kind::Block
            | Kind::Div
            | Kind::Void
            | Kind::Rule
            | Kind::Break
            | Kind::Formatting => self.mark(select),
            _ => Err(Unruly),
        }
    }

    fn place_in_table(&mut self, table: usize, kind: Kind) -> Result<(), Unruly> {
        let top = self.innermost();
        match (self.stack[top].kind, kind) {
            (Kind::Table, Kind::Caption | Kind::ColumnGroup | Kind::Section)
            | (Kind::ColumnGroup, Kind::Column)
            | (Kind::Section, Kind::Row)
            | (Kind::Row, Kind::Cell)
            | (_, Kind::Template)
            | (Kind::Table | Kind::Section | Kind::Row, Kind::Script) => Ok(()),
            // A browser makes the `tbody`, `colgroup` or `tr` that is missing.
            (Kind::Table, Kind::Row | Kind::Cell | Kind::Column) | (Kind::Section, Kind::Cell) => {
                self.mark(top)
            }
            (Kind::Section, Kind::Section | Kind::Caption | Kind::ColumnGroup | Kind::Column)
            | (Kind::Row, Kind::Row) => self.ends(top),
            (_, kind) if kind.is_table_part() => self.ends(table),
            (Kind::ColumnGroup, _) | (_, Kind::Table) => Err(Unruly),
            // Everything else is moved in front of the table.
            _ => self.mark(table - 1),
        }
    }

    /// A part of a table where no part of a table is expected.
    fn place_table_part(&mut self, kind: Kind) -> Result<(), Unruly> {
        match (self.stack[self.innermost()].kind, kind, self.table()) {
            (_, _, Some(table)) => self.ends(table),
            (Kind::Template, _, _)
            | (Kind::Section, Kind::Row, _)
            | (Kind::Row, Kind::Cell, _)
            | (Kind::ColumnGroup, Kind::Column, _) => Ok(()),
            _ => Err(Unruly),
        }
    }

    fn place_in_body(&mut self, kind: Kind, name: &[u8]) -> Result<(), Unruly> {
        if kind.ends_paragraph() {
            let scope = |kind: Kind| kind.is_scope() || kind == Kind::Button;
            if let Some(paragraph) = self.find(|kind| kind == Kind::P, scope) {
                // In a document without a doctype a table does not end it. Both must do.
                if kind == Kind::Table {
                    let around = self.stack[self.innermost_of(paragraph - 1)].kind;
                    if around.has_implied_end() || around == Kind::Heading {
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
            Kind::Heading | Kind::Option | Kind::OptionGroup => {
                let ends =
                    innermost == kind || (kind == Kind::OptionGroup && innermost == Kind::Option);
                ends.then_some(top)
            }
            Kind::Li | Kind::Term => self.find(
                |open| open == kind,
                |open| open != kind && open.stops_item_search(),
            ),
            Kind::Button => self.find(|open| open == kind, Kind::is_scope),
            Kind::A | Kind::Form => self.outer(name),
            Kind::RubyPart if innermost.has_implied_end() => {
                // It may end several at once.
                if self.stack[self.innermost_of(top - 1)]
                    .kind
                    .has_implied_end()
                {
                    return Err(Unruly);
                }
                let ruby = self.stack.iter().any(|open| open.kind == Kind::Ruby);
                ruby.then_some(top)
            }
            _ => None,
        };
        match ended {
            Some(ended) => self.ends(ended),
            None => Ok(()),
        }
    }

    /// A browser ends the open element `ended` here, so that what follows becomes its sibling.
    fn ends(&mut self, ended: usize) -> Result<(), Unruly> {
        self.check_contained(ended)?;
        self.mark(ended - 1)?;
        // Parts that are out of place never end their table.
        let table = usize::from(self.stack[ended].kind == Kind::Table);
        for open in &mut self.stack[ended + table..] {
            open.kind = Kind::Gone;
        }
        Ok(())
    }

    /// Checks that ending `ended` early changes nothing outside of its parent: the end tags that are written later
    /// find nothing to end, and nothing is opened again.
    fn check_contained(&self, ended: usize) -> Result<(), Unruly> {
        let (outside, inside) = self.stack.split_at(ended);
        let reaches_out = inside.iter().any(|open| {
            outside.iter().any(|other| {
                other.name.eq_ignore_ascii_case(open.name)
                    || (open.kind == Kind::Heading && other.kind == Kind::Heading)
            })
        });
        // The end tags of blocks look for their start beyond the container, formatting is opened again.
        let spreads = inside[1..].iter().any(|open| {
            let stays = matches!(open.kind, Kind::Other | Kind::Gone | Kind::P | Kind::Table);
            !stays && !open.kind.is_table_part()
        });
        if reaches_out || spreads {
            return Err(Unruly);
        }
        Ok(())
    }
}
