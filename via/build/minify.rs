//! Makes a bundle of the browser client short: no comments, no spaces, short names.
//!
//! It knows the part of JavaScript that the client is written in, and renames only what it has
//! seen declared: variables, functions, classes and `#private` members, each within its scope; and
//! those properties that it is told are the client's own. Whatever it does not know stops the build
//! with the place, so that no code is changed by a guess.

#[path = "minify/constants.rs"]
mod constants;
#[path = "minify/names.rs"]
mod names;
#[path = "minify/properties.rs"]
mod properties;
#[path = "minify/tokens.rs"]
mod tokens;
#[path = "minify/walk.rs"]
mod walk;

use self::tokens::Kind;

/// The same program in fewer bytes. Properties with a name in `own` get another, the same in all
/// programs with the same list.
///
/// # Errors
///
/// Says what it does not understand, and near which text.
pub(crate) fn minify(source: &str, own: &[&'static str]) -> Result<String, String> {
    let tokens = tokens::tokenize(source)?;
    let tokens = constants::inline(&tokens, &walk::walk(&tokens)?);
    let walked = walk::walk(&tokens)?;
    let renamed = names::choose(&walked, &tokens);
    let properties = properties::choose(own, &tokens, &walked.exported)?;
    let texts = tokens.iter().enumerate().filter_map(|(index, token)| {
        if walked.dropped.contains(&index) {
            return None;
        }
        let mut text = token.text.to_owned();
        if walked.shorthands.contains(&index) {
            let property = properties.get(token.text).unwrap_or(&text);
            let name = renamed.get(&index).unwrap_or(&text);
            text = if property == name {
                name.clone()
            } else {
                format!("{property}:{name}")
            };
        } else if let Some(name) = renamed.get(&index) {
            text.clone_from(name);
        } else if let (Some(name), true) = (
            properties.get(token.text),
            walked.properties.contains(&index),
        ) {
            text.clone_from(name);
        } else if let Some(other) = walked.replaced.get(&index) {
            text.clone_from(other);
        } else if token.kind == Kind::Number {
            text = number(&text);
        }
        Some((token.kind, text))
    });
    Ok(print(texts))
}

/// Joins tokens with spaces only where two of them would become another.
fn print(texts: impl Iterator<Item = (Kind, String)>) -> String {
    let mut out = String::new();
    for (kind, text) in texts {
        // A loop without a body, whose `;` would have to stay, is refused.
        if text == "}" && out.ends_with(';') {
            out.pop();
        }
        let glues = match (out.chars().next_back(), text.chars().next()) {
            (Some(before), Some(after)) => {
                is_word(before) && is_word(after)
                    || matches!(before, '+' | '-' | '/') && before == after
                    || kind == Kind::Regex && before == '<'
            }
            _ => false,
        };
        if glues {
            out.push(' ');
        }
        out.push_str(&text);
    }
    out
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_' || char == '$' || char == '\\'
}

/// `15_000` as `15e3`.
fn number(text: &str) -> String {
    let plain = text.replace('_', "");
    let digits = plain.trim_end_matches('0');
    let zeros = plain.len() - digits.len();
    let is_whole = plain.bytes().all(|byte| byte.is_ascii_digit());
    if is_whole && zeros > 2 && !digits.is_empty() {
        format!("{digits}e{zeros}")
    } else {
        plain
    }
}
