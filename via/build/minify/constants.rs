//! Puts numbers and texts that have a name, but are needed once, where they are needed.

use std::collections::{HashMap, HashSet};

use super::{
    names::home,
    tokens::{Kind, Token},
    walk::Walked,
};

/// The same program without the declarations `const NAME = 1;` of such constants.
pub(super) fn inline<'s>(tokens: &[Token<'s>], walked: &Walked) -> Vec<Token<'s>> {
    let mut uses: HashMap<&str, Vec<usize>> = HashMap::new();
    for &(index, scope) in &walked.names {
        let text = tokens[index].text;
        if home(&walked.scopes, scope, text).0 == Some(0) {
            uses.entry(text).or_default().push(index);
        }
    }
    let mut dropped = HashSet::new();
    let mut values = HashMap::new();
    for uses in uses.values() {
        let &[name, place] = uses.as_slice() else {
            continue;
        };
        let is_constant = name > 0
            && tokens[name - 1].is("const")
            && tokens[name + 1].is("=")
            && matches!(tokens[name + 2].kind, Kind::Number | Kind::Text)
            && tokens[name + 3].is(";");
        // `1.name` would be something else, and so would `{ 1 }` and `export { 1 as name }`.
        let is_whole = tokens
            .get(place + 1)
            .is_some_and(|next| !next.is(".") && !next.is("as"))
            && !walked.shorthands.contains(&place);
        if is_constant && is_whole && !walked.exported.contains(&name) {
            dropped.extend(name - 1..=name + 3);
            values.insert(place, tokens[name + 2]);
        }
    }
    let kept = tokens
        .iter()
        .enumerate()
        .filter(|(index, _)| !dropped.contains(index));
    kept.map(|(index, token)| *values.get(&index).unwrap_or(token))
        .collect()
}
