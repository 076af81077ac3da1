//! The walk through what declares names: patterns, functions and classes.

use super::{Done, Kind, Walker};

impl Walker<'_, '_> {
    /// A name that is declared, or `{ .. }` or `[ .. ]` around such.
    pub(super) fn pattern(&mut self) -> Done {
        let is_object = self.is("{");
        if !is_object && !self.is("[") {
            return self.declare();
        }
        let close = if is_object { "}" } else { "]" };
        self.at += 1;
        while !self.skip(close) {
            if self.skip(",") {
                continue;
            }
            if self.skip("...") || !is_object {
                self.pattern()?;
            } else if self.is_at(self.at + 1, ":") {
                self.found.properties.insert(self.at);
                self.at += 2;
                self.pattern()?;
            } else if self.kind() == Some(Kind::Word) {
                self.found.shorthands.insert(self.at);
                self.declare()?;
            } else {
                return self.fail("this pattern");
            }
            if self.skip("=") {
                self.expression()?;
            }
            if !self.is(close) {
                self.expect(",")?;
            }
        }
        Ok(())
    }

    pub(super) fn function_declaration(&mut self) -> Done {
        self.skip("*");
        self.declare()?;
        self.scoped(Self::function_rest)
    }

    pub(super) fn function_rest(&mut self) -> Done {
        self.parameters()?;
        self.body_block()
    }

    pub(super) fn parameters(&mut self) -> Done {
        self.expect("(")?;
        while !self.skip(")") {
            self.skip("...");
            self.pattern()?;
            if self.skip("=") {
                self.expression()?;
            }
            if !self.is(")") {
                self.expect(",")?;
            }
        }
        Ok(())
    }

    pub(super) fn class(&mut self, is_declaration: bool) -> Done {
        if is_declaration {
            self.declare()?;
        }
        self.scoped(|walker| {
            if !is_declaration && !walker.is_any(&["{", "extends"]) {
                walker.declare()?;
            }
            if walker.skip("extends") {
                walker.expression()?;
            }
            walker.expect("{")?;
            while !walker.skip("}") {
                if !walker.skip(";") {
                    walker.member(true)?;
                }
            }
            Ok(())
        })
    }

    /// A member of a class or an object, but for `...` and a shorthand.
    pub(super) fn member(&mut self, is_class: bool) -> Done {
        let ends_name = ["(", "=", ";", "}", ":", ","];
        while self.is_any(&["static", "async", "get", "set", "*"])
            && !ends_name.iter().any(|end| self.is_at(self.at + 1, end))
        {
            self.at += 1;
        }
        if self.is("[") {
            self.at += 1;
            self.expression()?;
            self.expect("]")?;
        } else if self.kind() == Some(Kind::Private) {
            self.declare()?;
        } else if let Some(Kind::Word | Kind::Text | Kind::Number) = self.kind() {
            self.found.properties.insert(self.at);
            self.at += 1;
        } else {
            return self.fail("this member");
        }
        if self.is("(") {
            return self.scoped(Self::function_rest);
        }
        if !is_class {
            self.expect(":")?;
            return self.expression();
        }
        if self.skip("=") {
            self.scoped(Self::expression)?;
        }
        self.expect(";")
    }
}
