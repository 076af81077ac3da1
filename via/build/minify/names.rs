//! Chooses short names for what a program declares.

use std::collections::{HashMap, HashSet};

use super::{
    tokens::Token,
    walk::{Scope, Walked},
};

/// Letters by how often they stand in scripts anyway.
const FIRST: &str = "etnrisoaclfupdhmgvbywExSTkNCLOMAPDIHBjFqRUzWVXKJGQYZ$_";
const LATER: &str = "etnrisoaclfupdhmgvbywExSTkNCLOMAPDIHBjFqRUzWVXKJGQYZ$_0123456789";

const RESERVED: [&str; 8] = ["do", "if", "in", "of", "as", "is", "for", "new"];

/// A declared name: where it stands, and in which scopes it is known while it is needed.
struct Binding<'t> {
    text: &'t str,
    tokens: Vec<usize>,
    scopes: HashSet<usize>,
}

/// The new names, by the indices of tokens. A name that is exported, or not declared, has none.
pub(super) fn choose(walked: &Walked, tokens: &[Token]) -> HashMap<usize, String> {
    let mut bindings: HashMap<(usize, &str), Binding> = HashMap::new();
    // Names that must stay in each scope.
    let mut taken: Vec<HashSet<String>> = vec![HashSet::new(); walked.scopes.len()];
    for &(index, scope) in &walked.names {
        let text = tokens[index].text;
        let (home, path) = home(&walked.scopes, scope, text);
        let Some(home) = home else {
            for scope in path {
                taken[scope].insert(text.to_owned());
            }
            continue;
        };
        let binding = bindings.entry((home, text)).or_insert_with(|| Binding {
            text,
            tokens: Vec::new(),
            scopes: HashSet::new(),
        });
        binding.tokens.push(index);
        binding.scopes.extend(path);
        binding.scopes.extend(walked.scopes[home].body);
    }
    let mut bindings: Vec<_> = bindings.into_values().collect();
    // By place and not by how often they are needed: the first parameter of most functions then has
    // the same name, and what is alike stays alike, which is worth more once it is compressed.
    bindings.sort_by_key(|binding| (binding.scopes.contains(&0), binding.tokens[0]));
    let (stay, rename): (Vec<_>, Vec<_>) = bindings.into_iter().partition(|binding| {
        binding
            .tokens
            .iter()
            .any(|token| walked.exported.contains(token))
    });
    for binding in stay {
        for scope in binding.scopes {
            taken[scope].insert(binding.text.to_owned());
        }
    }
    let mut names = HashMap::new();
    for binding in rename {
        let hash = if binding.text.starts_with('#') {
            "#"
        } else {
            ""
        };
        let is_free = |name: &String| {
            binding
                .scopes
                .iter()
                .all(|&scope| !taken[scope].contains(name))
        };
        let name = short_names()
            .map(|name| format!("{hash}{name}"))
            .find(is_free)
            .unwrap();
        for &scope in &binding.scopes {
            taken[scope].insert(name.clone());
        }
        for &token in &binding.tokens {
            names.insert(token, name.clone());
        }
    }
    names
}

/// The scope that declares a name which is used in `scope`, and the scopes on the way to it.
pub(super) fn home(scopes: &[Scope], scope: usize, name: &str) -> (Option<usize>, Vec<usize>) {
    let mut path = vec![scope];
    let mut at = scope;
    while !scopes[at].declared.contains(name) {
        let Some(parent) = scopes[at].parent else {
            return (None, path);
        };
        at = parent;
        path.push(at);
    }
    (Some(at), path)
}

pub(super) fn short_names() -> impl Iterator<Item = String> {
    let one = FIRST.chars().map(String::from);
    let two = FIRST
        .chars()
        .flat_map(|a| LATER.chars().map(move |b| format!("{a}{b}")));
    one.chain(two)
        .filter(|name| !RESERVED.contains(&name.as_str()))
}
