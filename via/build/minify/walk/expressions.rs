//! The walk through expressions: operands, and what stands between and behind them.

use super::{Done, Kind, Walker};

const PREFIXES: [&str; 12] = [
    "!", "-", "+", "~", "++", "--", "typeof", "void", "delete", "await", "new", "yield",
];

const INFIXES: [&str; 43] = [
    "=",
    "+=",
    "-=",
    "*=",
    "/=",
    "%=",
    "**=",
    "&&=",
    "||=",
    "??=",
    "<<=",
    ">>=",
    ">>>=",
    "&=",
    "|=",
    "^=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "**",
    "<<",
    ">>",
    ">>>",
    "<",
    ">",
    "<=",
    ">=",
    "==",
    "!=",
    "===",
    "!==",
    "&&",
    "||",
    "??",
    "&",
    "|",
    "^",
    "in",
    "instanceof",
    "of",
    "",
];

impl Walker<'_, '_> {
    pub(super) fn expressions(&mut self) -> Done {
        self.expression()?;
        while self.skip(",") {
            self.expression()?;
        }
        Ok(())
    }

    /// All up to a `,` or a closing bracket.
    pub(super) fn expression(&mut self) -> Done {
        loop {
            while self.is_any(&PREFIXES) {
                self.without_arguments();
                self.at += 1;
            }
            if self.operand()? {
                return Ok(());
            }
            if self.skip("?") {
                self.expression()?;
                self.expect(":")?;
            } else if self.is_any(&INFIXES) {
                self.at += 1;
            } else {
                return Ok(());
            }
        }
    }

    /// `new Map()` is `new Map`, if nothing is done with it that would be done with `Map` then.
    fn without_arguments(&mut self) {
        let [open, close, after] = [2, 3, 4].map(|offset| self.at + offset);
        let goes_on = [".", "?.", "(", "["]
            .iter()
            .any(|mark| self.is_at(after, mark))
            || self
                .tokens
                .get(after)
                .is_some_and(|token| token.kind == Kind::Template);
        if self.is("new") && self.is_at(open, "(") && self.is_at(close, ")") && !goes_on {
            self.found.dropped.extend([open, close]);
        }
    }

    /// An operand and all that is done with it by `.`, `(` and `[`. Says whether it was a function
    /// with an arrow, after which an expression ends.
    fn operand(&mut self) -> Result<bool, String> {
        let Some(token) = self.tokens.get(self.at) else {
            return self.fail("an end");
        };
        if self.arrow()? {
            return Ok(true);
        }
        match token.kind {
            Kind::Template => self.template()?,
            Kind::Number | Kind::Text | Kind::Regex => self.at += 1,
            Kind::Private => self.name()?,
            Kind::Mark => match token.text {
                "(" => self.head()?,
                "[" => self.array()?,
                "{" => self.object()?,
                _ => return self.fail("this mark"),
            },
            Kind::Word => self.word_operand()?,
        }
        self.suffixes()?;
        Ok(false)
    }

    fn word_operand(&mut self) -> Done {
        match self.tokens[self.at].text {
            "this" | "super" | "null" => self.at += 1,
            "true" => self.literal("!0"),
            "false" => self.literal("!1"),
            "import" => {
                self.at += 1;
                if !self.is_any(&["(", "."]) {
                    return self.fail("this import");
                }
            }
            "async" if self.is_at(self.at + 1, "function") => {
                self.at += 1;
                return self.word_operand();
            }
            "function" => {
                self.at += 1;
                self.skip("*");
                self.scoped(|walker| {
                    if !walker.is("(") {
                        walker.declare()?;
                    }
                    walker.function_rest()
                })?;
            }
            "class" => {
                self.at += 1;
                self.class(false)?;
            }
            "eval" | "arguments" => return self.fail("this word"),
            _ => self.name()?,
        }
        Ok(())
    }

    fn literal(&mut self, short: &str) {
        // `!0.x` would be something else.
        if !self.is_at(self.at + 1, ".") {
            self.found.replaced.insert(self.at, short.to_owned());
        }
        self.at += 1;
    }

    fn suffixes(&mut self) -> Done {
        loop {
            if self.skip("?.") || self.skip(".") {
                match self.kind() {
                    Some(Kind::Private) => self.name()?,
                    Some(Kind::Word) => {
                        self.found.properties.insert(self.at);
                        self.at += 1;
                    }
                    _ if self.is_any(&["(", "["]) => {}
                    _ => return self.fail("this member"),
                }
            } else if self.is("(") {
                self.arguments()?;
            } else if self.skip("[") {
                self.expressions()?;
                self.expect("]")?;
            } else if self.kind() == Some(Kind::Template)
                && self.tokens[self.at].text.starts_with('`')
            {
                self.template()?;
            } else if !self.skip("++") && !self.skip("--") {
                return Ok(());
            }
        }
    }

    fn arguments(&mut self) -> Done {
        self.expect("(")?;
        self.list(")")
    }

    fn array(&mut self) -> Done {
        self.expect("[")?;
        self.list("]")
    }

    fn list(&mut self, close: &str) -> Done {
        while !self.skip(close) {
            if self.skip(",") {
                continue;
            }
            self.skip("...");
            self.expression()?;
            if !self.is(close) {
                let comma = self.at;
                self.expect(",")?;
                if self.is(close) {
                    self.found.dropped.insert(comma);
                }
            }
        }
        Ok(())
    }

    fn object(&mut self) -> Done {
        self.expect("{")?;
        while !self.skip("}") {
            let after = self.at + 1;
            let is_word = self.kind() == Some(Kind::Word);
            if self.skip("...") {
                self.expression()?;
            } else if is_word && [",", "}", "="].iter().any(|end| self.is_at(after, end)) {
                self.found.shorthands.insert(self.at);
                self.name()?;
                if self.skip("=") {
                    self.expression()?;
                }
            } else {
                self.member(false)?;
            }
            if !self.is("}") {
                let comma = self.at;
                self.expect(",")?;
                if self.is("}") {
                    self.found.dropped.insert(comma);
                }
            }
        }
        Ok(())
    }

    fn template(&mut self) -> Done {
        loop {
            let ends = !self.tokens[self.at].text.ends_with("${");
            self.at += 1;
            if ends {
                return Ok(());
            }
            self.expressions()?;
            if self.kind() != Some(Kind::Template) {
                return self.fail("a template without an end");
            }
        }
    }

    /// `a => ..`, `(a, b) => ..`, with or without `async`.
    fn arrow(&mut self) -> Result<bool, String> {
        let start = self.at + usize::from(self.is("async"));
        let is_async = start > self.at;
        let parameters_end = match self.tokens.get(start) {
            Some(token) if token.is("(") => self.ends[&start],
            Some(token) if token.kind == Kind::Word => start,
            _ => return Ok(false),
        };
        if !self.is_at(parameters_end + 1, "=>") {
            return Ok(false);
        }
        self.at = start;
        self.scoped(|walker| {
            if walker.is("(") {
                let is_one_word = parameters_end == start + 2;
                if is_one_word && !is_async {
                    walker.found.dropped.extend([start, parameters_end]);
                }
                walker.parameters()?;
            } else {
                walker.declare()?;
            }
            walker.expect("=>")?;
            if walker.is("{") {
                walker.body_block()
            } else {
                walker.expression()
            }
        })?;
        Ok(true)
    }
}
