//! A walk through a program that finds its scopes: what is declared where, and used where.
//!
//! It goes by statements and by operands. What the operators between operands are, and which bind
//! more closely, does not matter here.

#[path = "walk/declarations.rs"]
mod declarations;
#[path = "walk/expressions.rs"]
mod expressions;

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
    /// Names of properties: after a dot, and of members of objects, classes and patterns.
    pub(super) properties: HashSet<usize>,
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
            "import" if self.is("{") => self.names_between(false)?,
            "export" if self.is("{") => self.names_between(true)?,
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

    /// `{ there as here } from '..';` or `{ here as there };`
    fn names_between(&mut self, is_export: bool) -> Done {
        self.expect("{")?;
        while !self.skip("}") {
            if is_export {
                self.name()?;
                self.expect("as")?;
                self.at += 1;
            } else {
                self.at += 1;
                self.expect("as")?;
                self.declare()?;
            }
            if !self.is("}") {
                self.expect(",")?;
            }
        }
        if !is_export {
            self.expect("from")?;
            self.at += 1;
        }
        self.expect(";")
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
}
