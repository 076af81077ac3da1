//! JavaScript as tokens, without spaces and comments.

/// What a token is, as far as the rest has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// `#name`
    Private,
    Number,
    Text,
    /// A template, or the part of one up to `${`, or from `}` on.
    Template,
    Regex,
    Mark,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind,
    pub(super) text: &'s str,
}

impl Token<'_> {
    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text && matches!(self.kind, Kind::Word | Kind::Mark)
    }
}

/// Longer ones first.
const MARKS: [&str; 42] = [
    ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>", "==", "!=",
    "<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=",
    "<<", ">>", "**", "<", ">", "+", "-", "*", "/", "%", "&", "|",
];
const SINGLE: &str = "^!~?:=.,;()[]{}";

/// A `/` after one of these begins a regular expression.
const BEFORE_VALUE: [&str; 13] = [
    "return", "typeof", "case", "in", "of", "void", "delete", "throw", "new", "await", "yield",
    "else", "do",
];

pub(super) fn tokenize(source: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens: Vec<Token> = Vec::new();
    // For each open brace whether it is a template's.
    let mut braces = Vec::new();
    let mut at = 0;
    while let Some(char) = source[at..].chars().next() {
        let rest = &source[at..];
        if char.is_whitespace() {
            at += char.len_utf8();
            continue;
        }
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        if rest.starts_with("/*") {
            at += 2 + rest
                .find("*/")
                .ok_or_else(|| unknown("a comment without an end", rest))?;
            continue;
        }
        let (kind, length) = match char {
            '"' | '\'' => (Kind::Text, text(rest, char)?),
            '`' => (Kind::Template, template(rest)?),
            '}' if braces.last() == Some(&true) => {
                braces.pop();
                (Kind::Template, template(rest)?)
            }
            '#' => (Kind::Private, 1 + word(&rest[1..])),
            '0'..='9' => (Kind::Number, word(rest) + fraction(rest)),
            '.' if rest[1..].starts_with(|next: char| next.is_ascii_digit()) => {
                (Kind::Number, 1 + word(&rest[1..]))
            }
            '/' if begins_regex(tokens.last(), rest)? => (Kind::Regex, regex(rest)?),
            _ if word(rest) > 0 => (Kind::Word, word(rest)),
            _ => (
                Kind::Mark,
                mark(rest).ok_or_else(|| unknown("a mark", rest))?,
            ),
        };
        let text = &rest[..length];
        match kind {
            Kind::Template if text.ends_with("${") => braces.push(true),
            Kind::Mark if text == "{" => braces.push(false),
            Kind::Mark if text == "}" => drop(braces.pop()),
            _ => {}
        }
        tokens.push(Token { kind, text });
        at += length;
    }
    Ok(tokens)
}

/// An error message about a place.
pub(super) fn unknown(what: &str, rest: &str) -> String {
    let near: String = rest.chars().take(60).collect();
    format!("the minifier does not know {what} here: {near}")
}

fn word(rest: &str) -> usize {
    rest.find(|char: char| !char.is_alphanumeric() && char != '_' && char != '$')
        .unwrap_or(rest.len())
}

/// The length of what follows the digits of a number: `.5`
fn fraction(rest: &str) -> usize {
    let after = &rest[word(rest)..];
    match after.strip_prefix('.') {
        Some(digits) if digits.starts_with(|next: char| next.is_ascii_digit()) => 1 + word(digits),
        _ => 0,
    }
}

fn mark(rest: &str) -> Option<usize> {
    let is_conditional = |rest: &str| {
        rest.strip_prefix("?.")
            .is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()))
    };
    if is_conditional(rest) {
        return Some(1);
    }
    let long = MARKS.iter().find(|mark| rest.starts_with(**mark));
    long.map(|mark| mark.len())
        .or_else(|| rest.starts_with(|c| SINGLE.contains(c)).then_some(1))
}

fn text(rest: &str, quote: char) -> Result<usize, String> {
    let mut escaped = false;
    for (at, char) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if char == '\\' {
            escaped = true;
        } else if char == quote {
            return Ok(at + 1);
        } else if char == '\n' {
            break;
        }
    }
    Err(unknown("a text without an end", rest))
}

fn template(rest: &str) -> Result<usize, String> {
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => drop(chars.next()),
            '`' => return Ok(at + 1),
            '$' if rest[at..].starts_with("${") => return Ok(at + 2),
            _ => {}
        }
    }
    Err(unknown("a template without an end", rest))
}

fn regex(rest: &str) -> Result<usize, String> {
    let mut escaped = false;
    let mut class = false;
    for (at, char) in rest.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '/' if !class => return Ok(at + 1 + word(&rest[at + 1..])),
            '\n' => break,
            _ => {}
        }
    }
    Err(unknown("a regular expression without an end", rest))
}

fn begins_regex(before: Option<&Token>, rest: &str) -> Result<bool, String> {
    let Some(before) = before else {
        return Ok(true);
    };
    Ok(match before.kind {
        Kind::Word => BEFORE_VALUE.contains(&before.text),
        Kind::Mark if before.text == "}" => return Err(unknown("what a `/` means", rest)),
        Kind::Mark => !matches!(before.text, ")" | "]" | "++" | "--"),
        Kind::Template => before.text.ends_with("${"),
        _ => false,
    })
}
