//! Which modules of a crate import which, and whether these imports agree with the layers.
//!
//! Imports are read from the source: every path that begins with `crate`, `super`, `self` or the
//! crate's own name, in `use` items, in code and in macros. Code that is only compiled for tests does
//! not count.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One path that leads from one top-level module into another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// The top-level module that contains it.
    pub from: String,
    /// The top-level module that it leads to.
    pub to: String,
    /// Its file, relative to `src`, and the resolved path: `hub/live.rs: store::Key`.
    pub at: String,
}

/// Every import between top-level modules of the crate whose sources are in `src`. `own_name` is
/// the crate's name in paths, besides `crate`.
#[must_use]
pub fn imports(src: &Path, own_name: &str) -> BTreeSet<Import> {
    let mut crate_ = Crate {
        src,
        own_name,
        tops: BTreeSet::new(),
        exports: BTreeMap::new(),
        paths: Vec::new(),
    };
    crate_.read("lib.rs", &[]);
    let Crate {
        tops,
        exports,
        paths,
        ..
    } = crate_;
    let mut found = BTreeSet::new();
    for Found { file, module, path } in paths {
        let (Some(from), Some(first)) = (module.first(), path.first()) else {
            continue;
        };
        let to = if tops.contains(first) {
            first
        } else if let Some(home) = exports.get(first) {
            home
        } else {
            continue;
        };
        if to != from {
            found.insert(Import {
                from: from.clone(),
                to: to.clone(),
                at: format!("{file}: {}", path.join("::")),
            });
        }
    }
    found
}

/// What is wrong with `imports`, one sentence each. `layers` begins with the highest. A module may
/// import from lower layers, and from its own layer as long as this makes no cycle.
#[must_use]
pub fn problems(layers: &[Vec<String>], imports: &BTreeSet<Import>) -> Vec<String> {
    let layer_of = |module: &str| {
        layers
            .iter()
            .position(|layer| layer.iter().any(|name| name == module))
    };
    let mut problems = Vec::new();
    for Import { from, to, at } in imports {
        match (layer_of(from), layer_of(to)) {
            (Some(from_layer), Some(to_layer)) if to_layer < from_layer => {
                problems.push(format!("`{from}` imports `{to}`, which is above it ({at})"));
            }
            (Some(_), Some(_)) => {}
            (None, _) => problems.push(format!("`{from}` is in no layer ({at})")),
            (_, None) => problems.push(format!("`{to}` is in no layer ({at})")),
        }
    }
    if let Some(cycle) = cycle(imports) {
        problems.push(format!("modules import each other: {}", cycle.join(" -> ")));
    }
    problems
}

/// The modules of one cycle, the first of them again at the end.
fn cycle(imports: &BTreeSet<Import>) -> Option<Vec<String>> {
    fn visit<'a>(
        module: &'a str,
        next: &BTreeMap<&'a str, BTreeSet<&'a str>>,
        done: &mut BTreeSet<&'a str>,
        way: &mut Vec<&'a str>,
    ) -> bool {
        if let Some(start) = way.iter().position(|before| *before == module) {
            way.drain(..start);
            way.push(module);
            return true;
        }
        if !done.insert(module) {
            return false;
        }
        way.push(module);
        let found = next
            .get(module)
            .is_some_and(|next_ones| next_ones.iter().any(|to| visit(to, next, done, way)));
        if !found {
            way.pop();
        }
        found
    }
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for import in imports {
        next.entry(&import.from).or_default().insert(&import.to);
    }
    let mut done = BTreeSet::new();
    next.keys().find_map(|module| {
        let mut way = Vec::new();
        visit(module, &next, &mut done, &mut way)
            .then(|| way.into_iter().map(str::to_owned).collect())
    })
}

struct Crate<'a> {
    src: &'a Path,
    own_name: &'a str,
    tops: BTreeSet<String>,
    /// The names that the root re-exports, each with the module that it comes from.
    exports: BTreeMap<String, String>,
    paths: Vec<Found>,
}

/// A path of the crate, from its root.
struct Found {
    file: String,
    module: Vec<String>,
    path: Vec<String>,
}

impl Crate<'_> {
    /// Reads a file and the modules that it declares.
    fn read(&mut self, file: &str, module: &[String]) {
        let path = self.src.join(file);
        let text = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
        let tokens: TokenStream = text
            .parse()
            .unwrap_or_else(|error| panic!("{} is not Rust: {error}", path.display()));
        self.scan(tokens, file, module);
    }

    fn scan(&mut self, tokens: TokenStream, file: &str, module: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if is_for_tests(&tokens[at..]) {
                at += item_len(&tokens[at..]);
                continue;
            }
            let is_mod = ident(&tokens, at).as_deref() == Some("mod");
            if let Some(name) = ident(&tokens, at + 1).filter(|_| is_mod) {
                at += 2;
                self.module(tokens.get(at), file, module, name);
                at += 1;
                continue;
            }
            let is_use = ident(&tokens, at).as_deref() == Some("use");
            if is_use && module.is_empty() && ident(&tokens, at + 1).is_some() {
                for path in tree(&tokens, at + 1) {
                    if let [home, .., name] = &path[..] {
                        self.exports.insert(name.clone(), home.clone());
                    }
                }
            }
            if let Some(base) = self.base(&tokens, at, module) {
                let found = tree(&tokens, at);
                self.paths.extend(found.into_iter().filter_map(|path| {
                    Some(Found {
                        file: file.to_owned(),
                        module: module.to_vec(),
                        path: resolved(&base, path)?,
                    })
                }));
                // Its groups belong to it, but not what follows.
                while ident(&tokens, at).is_some() && is_separator(&tokens, at + 1) {
                    at += 3;
                }
                at += 1;
                continue;
            }
            if let TokenTree::Group(group) = &tokens[at] {
                self.scan(group.stream(), file, module);
            }
            at += 1;
        }
    }

    /// Reads a module. Its name was just read; `body` is what follows.
    fn module(&mut self, body: Option<&TokenTree>, file: &str, module: &[String], name: String) {
        let mut inner = module.to_vec();
        if module.is_empty() {
            self.tops.insert(name.clone());
        }
        inner.push(name);
        match body {
            Some(TokenTree::Group(group)) => self.scan(group.stream(), file, &inner),
            _ => self.read(&format!("{}.rs", inner.join("/")), &inner),
        }
    }

    /// The module that a path at this token begins with, if the path belongs to this crate.
    fn base(&self, tokens: &[TokenTree], at: usize, module: &[String]) -> Option<Vec<String>> {
        if !is_separator(tokens, at + 1) || (at >= 2 && is_separator(tokens, at - 2)) {
            return None;
        }
        match ident(tokens, at)?.as_str() {
            "crate" => Some(Vec::new()),
            name if name == self.own_name => Some(Vec::new()),
            "self" | "super" => Some(module.to_vec()),
            _ => None,
        }
    }
}

/// The path from the root, for a path whose first segment leads to `base`.
fn resolved(base: &[String], path: Vec<String>) -> Option<Vec<String>> {
    let mut whole = base.to_vec();
    let mut segments = path.into_iter();
    if segments.next()? == "super" {
        whole.pop();
    }
    for segment in segments {
        match segment.as_str() {
            "super" => drop(whole.pop()),
            "self" | "*" => {}
            _ => whole.push(segment),
        }
    }
    Some(whole)
}

/// All paths of the `use` tree, or the one path, that begins at a token.
fn tree(tokens: &[TokenTree], mut at: usize) -> Vec<Vec<String>> {
    let mut path = Vec::new();
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(name)) => path.push(name.to_string()),
            Some(TokenTree::Punct(star)) if star.as_char() == '*' => path.push("*".to_owned()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                return inner
                    .split(|token| is_punct(Some(token), ','))
                    .filter(|branch| !branch.is_empty())
                    .flat_map(|branch| tree(branch, 0))
                    .map(|rest| path.iter().cloned().chain(rest).collect())
                    .collect();
            }
            _ => break,
        }
        if !is_separator(tokens, at + 1) {
            break;
        }
        at += 3;
    }
    if path.is_empty() {
        Vec::new()
    } else {
        vec![path]
    }
}

/// Whether `#[cfg(test)]` stands here, or another condition that begins with it.
fn is_for_tests(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Punct(hash), TokenTree::Group(group), ..] = tokens else {
        return false;
    };
    let condition: String = group.stream().to_string().split_whitespace().collect();
    hash.as_char() == '#' && (condition == "cfg(test)" || condition.starts_with("cfg(all(test,"))
}

/// How many tokens an item has, with its attributes: up to a semicolon or its body.
fn item_len(tokens: &[TokenTree]) -> usize {
    let end = tokens.iter().position(|token| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(Some(token), ';'),
    });
    end.map_or(tokens.len(), |last| last + 1)
}

fn ident(tokens: &[TokenTree], at: usize) -> Option<String> {
    match tokens.get(at) {
        Some(TokenTree::Ident(name)) => Some(name.to_string()),
        _ => None,
    }
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

fn is_punct(token: Option<&TokenTree>, punct: char) -> bool {
    matches!(token, Some(TokenTree::Punct(found)) if found.as_char() == punct)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The problems of a crate of these files, whose layers are `high` and then `low` and `leaf`.
    fn problems_of(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let layers = [vec!["high"], vec!["low", "leaf"]]
            .map(|layer| layer.into_iter().map(str::to_owned).collect());
        problems(&layers, &imports(folder.path(), "demo"))
    }

    const ROOT: &str = "extern crate self as demo; mod high; mod low; mod leaf; \
                        pub use high::High;";

    #[test]
    fn imports_that_point_down_are_fine_and_so_is_what_tests_import() {
        let problems = problems_of(&[
            ("lib.rs", ROOT),
            ("high.rs", "use crate::{low::Low, leaf}; pub struct High;"),
            (
                "low.rs",
                "mod part; pub struct Low(crate::leaf::Leaf);
                 #[cfg(test)] mod tests { use crate::high::High; }
                 #[cfg(test)] mod more_tests;",
            ),
            (
                "low/part.rs",
                "use super::Low; use self::inner::X; mod inner { use super::Low; }",
            ),
            ("leaf.rs", "pub struct Leaf;"),
        ]);
        assert_eq!(problems, [""; 0]);
    }

    #[test]
    fn an_import_that_points_up_is_found_in_every_form() {
        for planted in [
            "use crate::high::High;",
            "use crate::{leaf, high::{self, High}};",
            "use super::high::High;",
            "use demo::High;",
            "fn f() { crate::high::run(); }",
            "macro_rules! m { () => { $crate::high::run() } }",
            "mod inner { use super::super::high::High; }",
            "fn f() { println!(\"{}\", crate::High::NAME); }",
        ] {
            let problems = problems_of(&[
                ("lib.rs", ROOT),
                ("high.rs", ""),
                ("low.rs", planted),
                ("leaf.rs", ""),
            ]);
            assert!(
                problems.iter().any(|problem| problem
                    .starts_with("`low` imports `high`, which is above it (low.rs")),
                "{planted}: {problems:?}"
            );
        }
    }

    #[test]
    fn a_cycle_within_a_layer_is_found() {
        let problems = problems_of(&[
            ("lib.rs", ROOT),
            ("high.rs", ""),
            ("low.rs", "use crate::leaf::Leaf;"),
            ("leaf.rs", "fn f() -> super::low::Low {}"),
        ]);
        assert_eq!(problems, ["modules import each other: leaf -> low -> leaf"]);
    }

    #[test]
    fn a_module_that_is_in_no_layer_is_found() {
        let problems = problems_of(&[
            ("lib.rs", "mod high; mod low; mod leaf; mod new;"),
            ("high.rs", ""),
            ("low.rs", ""),
            ("leaf.rs", ""),
            ("new.rs", "use crate::leaf;"),
        ]);
        assert_eq!(problems, ["`new` is in no layer (new.rs: leaf)"]);
    }
}
