//! A walk through a program that finds its scopes: what is declared where, and used where.
//!
//! It goes by statements and by operands. What the operators between operands are, and which bind
//! more closely, does not matter here.

use std::collections::{HashMap, HashSet};

use super::tokens::{Kind, Token, unknown};

/// What was found, by the indices of tokens.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) scopes: Vec<Scope>,
    /// Each with the scope that it is in.
    pub(super) names: Vec<(usize, usize)>,
    /// `{ name }` instead of `{ name: name }`.
    pub(super) shorthands: HashSet<usize>,
    /// Names that are used outside of the program.
    pub(super) exported: HashSet<usize>,
    pub(super) dropped: HashSet<usize>,
    pub(super) replaced: HashMap<usize, String>,
}

#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) parent: Option<usize>,
    pub(super) declared: HashSet<String>,
    /// The scope of the block that may not declare the same names again: of a function's
    /// parameters its body, of what is caught the block after it.
    pub(super) body: Option<usize>,
}

pub(super) fn walk(tokens: &[Token]) -> Result<Walked, String> {
    let mut walker = Walker {
        tokens,
        ends: ends(tokens)?,
        at: 0,
        scope: 0,
        found: Walked::default(),
    };
    walker.found.scopes.push(Scope::default());
    walker.statements()?;
    match walker.tokens.get(walker.at) {
        None => Ok(walker.found),
        Some(_) => walker.fail("what comes after the program"),
    }
}

/// For each opening bracket the index of the closing one.
fn ends(tokens: &[Token]) -> Result<HashMap<usize, usize>, String> {
    let mut ends = HashMap::new();
    let mut open = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Mark {
            continue;
        }
        match token.text {
            "(" | "[" | "{" => open.push(index),
            ")" | "]" | "}" => {
                let start = open.pop().ok_or_else(|| unknown("a bracket", token.text))?;
                ends.insert(start, index);
            }
            _ => {}
        }
    }
    Ok(ends)
}

type Done = Result<(), String>;

struct Walker<'t, 's> {
    tokens: &'t [Token<'s>],
    ends: HashMap<usize, usize>,
    at: usize,
    scope: usize,
    found: Walked,
}

/// How a statement may be written in a shorter way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Statement {
    /// `let` or `const`.
    Declaration,
    /// Does not need the braces of a block around it.
    Simple,
    Other,
}

const KEYWORDS: [&str; 24] = [
    "break", "case", "catch", "class", "const", "continue", "default", "do", "else", "export",
    "finally", "for", "if", "import", "let", "return", "switch", "throw", "try", "var", "while",
    "with", "debugger", "extends",
];

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
    fn is(&self, text: &str) -> bool {
        self.is_at(self.at, text)
    }

    fn is_at(&self, at: usize, text: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(text))
    }

    fn is_any(&self, texts: &[&str]) -> bool {
        texts.iter().any(|text| self.is(text))
    }

    fn kind(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    fn skip(&mut self, text: &str) -> bool {
        let is = self.is(text);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, text: &str) -> Done {
        if self.skip(text) {
            Ok(())
        } else {
            self.fail(&format!("how to go on without `{text}`"))
        }
    }

    fn fail<T>(&self, what: &str) -> Result<T, String> {
        let start = self.at.saturating_sub(8);
        let texts: Vec<_> = self.tokens[start..]
            .iter()
            .take(16)
            .map(|token| token.text)
            .collect();
        Err(unknown(what, &texts.join(" ")))
    }

    /// Does the work in a new scope.
    fn scoped<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.scope;
        self.scope = self.found.scopes.len();
        self.found.scopes.push(Scope {
            parent: Some(outer),
            ..Scope::default()
        });
        let done = work(self);
        self.scope = outer;
        done
    }

    fn name(&mut self) -> Done {
        let Some(Kind::Word | Kind::Private) = self.kind() else {
            return self.fail("what is not a name");
        };
        if KEYWORDS.contains(&self.tokens[self.at].text) {
            return self.fail("this word");
        }
        self.found.names.push((self.at, self.scope));
        self.at += 1;
        Ok(())
    }

    fn declare(&mut self) -> Done {
        let index = self.at;
        self.name()?;
        let text = self.tokens[index].text.to_owned();
        self.found.scopes[self.scope].declared.insert(text);
        Ok(())
    }

    fn statements(&mut self) -> Result<Vec<Statement>, String> {
        let mut all: Vec<Statement> = Vec::new();
        while self.at < self.tokens.len() && !self.is_any(&["}", "case", "default"]) {
            let start = self.at;
            let statement = self.statement()?;
            if statement == Statement::Declaration && all.last() == Some(&statement) {
                self.found.replaced.insert(start - 1, ",".to_owned());
                self.found.replaced.remove(&start);
                self.found.dropped.insert(start);
            }
            all.push(statement);
        }
        Ok(all)
    }

    fn block(&mut self) -> Done {
        self.scoped(|walker| {
            walker.expect("{")?;
            walker.statements()?;
            walker.expect("}")
        })
    }

    /// The block that belongs to the names that are declared before it.
    fn body_block(&mut self) -> Done {
        self.found.scopes[self.scope].body = Some(self.found.scopes.len());
        self.block()
    }

    /// What an `if` or a loop governs; braces around one simple statement are left out.
    fn body(&mut self) -> Done {
        if self.is(";") {
            return self.fail("an empty body");
        }
        if !self.is("{") {
            return self.statement().map(drop);
        }
        let start = self.at;
        let statements = self.scoped(|walker| {
            walker.at += 1;
            walker.statements()
        })?;
        if statements == [Statement::Simple] {
            self.found.dropped.extend([start, self.at]);
        }
        self.expect("}")
    }

    fn statement(&mut self) -> Result<Statement, String> {
        let start = self.at;
        self.at += 1;
        match self.tokens[start].text {
            "{" => {
                self.at = start;
                self.block()?;
            }
            "const" | "let" => {
                self.found.replaced.insert(start, "let".to_owned());
                self.declarations()?;
                self.expect(";")?;
                return Ok(Statement::Declaration);
            }
            "function" => self.function_declaration()?,
            "async" if self.is("function") => {
                self.at += 1;
                self.function_declaration()?;
            }
            "class" => self.class(true)?,
            "export" => {
                let names = self.found.names.len();
                let declared = self.at + 1 + usize::from(self.is("async"));
                if !self.is_any(&["const", "let", "function", "class", "async"]) {
                    return self.fail("this export");
                }
                self.statement()?;
                let (first, _) = self.found.names[names];
                if first != declared {
                    return self.fail("which name is exported");
                }
                self.found.exported.insert(first);
            }
            "if" => {
                self.head()?;
                self.body()?;
                if self.skip("else") {
                    self.body()?;
                }
            }
            "while" => {
                self.head()?;
                self.body()?;
            }
            "for" => self.scoped(Self::loop_rest)?,
            "return" | "throw" => {
                if !self.is(";") {
                    self.expressions()?;
                }
                self.expect(";")?;
                return Ok(Statement::Simple);
            }
            "break" | "continue" => {
                self.expect(";")?;
                return Ok(Statement::Simple);
            }
            "try" => self.try_rest()?,
            "switch" => {
                self.head()?;
                self.scoped(Self::cases)?;
            }
            _ => {
                self.at = start;
                self.expressions()?;
                self.expect(";")?;
                return Ok(Statement::Simple);
            }
        }
        Ok(Statement::Other)
    }

    fn head(&mut self) -> Done {
        self.expect("(")?;
        self.expressions()?;
        self.expect(")")
    }

    fn declarations(&mut self) -> Done {
        loop {
            self.pattern()?;
            if self.skip("=") {
                self.expression()?;
            }
            if !self.skip(",") {
                return Ok(());
            }
        }
    }

    fn loop_rest(&mut self) -> Done {
        self.skip("await");
        self.expect("(")?;
        if self.is_any(&["const", "let"]) {
            self.found.replaced.insert(self.at, "let".to_owned());
            self.at += 1;
            self.pattern()?;
            if self.skip("of") || self.skip("in") {
                self.expressions()?;
            } else {
                if self.skip("=") {
                    self.expression()?;
                }
                if self.skip(",") {
                    self.declarations()?;
                }
                self.loop_conditions()?;
            }
        } else {
            if !self.is(";") {
                self.expressions()?;
            }
            self.loop_conditions()?;
        }
        self.expect(")")?;
        self.body()
    }

    fn loop_conditions(&mut self) -> Done {
        self.expect(";")?;
        if !self.is(";") {
            self.expressions()?;
        }
        self.expect(";")?;
        if !self.is(")") {
            self.expressions()?;
        }
        Ok(())
    }

    fn try_rest(&mut self) -> Done {
        self.block()?;
        if self.skip("catch") {
            self.scoped(|walker| {
                if walker.skip("(") {
                    walker.pattern()?;
                    walker.expect(")")?;
                }
                walker.body_block()
            })?;
        }
        if self.skip("finally") {
            self.block()?;
        }
        Ok(())
    }

    fn cases(&mut self) -> Done {
        self.expect("{")?;
        while !self.skip("}") {
            if self.skip("case") {
                self.expressions()?;
            } else {
                self.expect("default")?;
            }
            self.expect(":")?;
            self.statements()?;
        }
        Ok(())
    }

    /// A name that is declared, or `{ .. }` or `[ .. ]` around such.
    fn pattern(&mut self) -> Done {
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

    fn function_declaration(&mut self) -> Done {
        self.skip("*");
        self.declare()?;
        self.scoped(Self::function_rest)
    }

    fn function_rest(&mut self) -> Done {
        self.parameters()?;
        self.body_block()
    }

    fn parameters(&mut self) -> Done {
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

    fn class(&mut self, is_declaration: bool) -> Done {
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
    fn member(&mut self, is_class: bool) -> Done {
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

    fn expressions(&mut self) -> Done {
        self.expression()?;
        while self.skip(",") {
            self.expression()?;
        }
        Ok(())
    }

    /// All up to a `,` or a closing bracket.
    fn expression(&mut self) -> Done {
        loop {
            while self.is_any(&PREFIXES) {
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
                    Some(Kind::Word) => self.at += 1,
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
