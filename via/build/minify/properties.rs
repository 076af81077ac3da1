//! Short names for the properties that are the client's own.

use std::collections::{HashMap, HashSet};

use super::{
    names::short_names,
    tokens::{Kind, Token},
};

/// The new names, by the old ones. They follow from the list alone, so programs that pass objects to
/// each other agree on them.
///
/// # Errors
///
/// A name that also stands in a text may be needed as it is: as a key, an attribute, or on the wire. What
/// is exported is a property of the module.
pub(super) fn choose(
    own: &[&'static str],
    tokens: &[Token],
    exported: &HashSet<usize>,
) -> Result<HashMap<&'static str, String>, String> {
    for token in tokens {
        let is_text = matches!(token.kind, Kind::Text | Kind::Template);
        // A message to people.
        if token.text[1..].starts_with("via: ") {
            continue;
        }
        let words = token.text.split(|c: char| !c.is_alphanumeric() && c != '_');
        if let (true, Some(name)) = (is_text, words.into_iter().find(|word| own.contains(word))) {
            return Err(format!(
                "`{name}` is no property of the client's own, or should not stand in {}",
                token.text
            ));
        }
    }
    let mut exported = exported.iter().map(|&index| tokens[index].text);
    if let Some(name) = exported.find(|name| own.contains(name)) {
        return Err(format!("`{name}` is exported, and so no property alone"));
    }
    Ok(own.iter().copied().zip(short_names()).collect())
}
