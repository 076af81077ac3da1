//! Bundles the browser client: an entry module and everything that it imports become one file
//! without comments and with short names, as text, with brotli and with gzip.
//!
//! The modules are written for this: imports by name from modules in the same folder, exports in
//! front of declarations, and top-level names that no other module of the bundle has. Whatever
//! else would be needed stops the build with the place.
//!
//! What a page loads later, where it needs it, is a bundle of its own, that imports from the page's
//! first one what this has already.

#[path = "build/minify.rs"]
mod minify;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    env, fs,
    io::Write,
    path::{Path, PathBuf},
};

/// The client of a page.
const PAGE: &str = "boot.js";

/// What the client of a page loads later.
const PARTS: [&str; 3] = ["patches.js", "words.js", "further.js"];

/// Bundles by themselves: what a document loads before the client, the overlay of `App::dev`, the
/// worker, and what a page has instead of that.
const OTHERS: [&str; 4] = ["early.js", "dev.js", "hub-worker.js", "own-stream.js"];

/// Properties of the page's client alone, which get short names: nothing of the browser, of the wire, of
/// what is stored or told to other scripts, and of expressions is called so, and no code asks an object
/// that has one which properties it has. The order is one that compresses well.
const PROPERTIES: [&str; 48] = [
    "carry",
    "queued",
    "settled",
    "sessionGone",
    "observers",
    "young",
    "authorize",
    "plugin",
    "ack",
    "settle",
    "since",
    "onEdit",
    "unsent",
    "invalidate",
    "retryAfter",
    "isHeld",
    "stages",
    "sources",
    "drafts",
    "modifiers",
    "paced",
    "versions",
    "follow",
    "receive",
    "compute",
    "stale",
    "acknowledged",
    "booting",
    "gone",
    "halt",
    "evaluate",
    "base",
    "cap",
    "onWrite",
    "applied",
    "restart",
    "displaced",
    "sending",
    "edit",
    "peek",
    "attached",
    "handler",
    "isSecret",
    "comeBack",
    "declare",
    "queue",
    "write",
    "refused",
];

/// The same for the hub, in its worker or in a page of its own.
const HUB_PROPERTIES: [&str; 13] = [
    "listed", "greeted", "close", "key", "timers", "refused", "deliver", "early", "next", "check",
    "base", "cap", "reset",
];

/// The bundles that have a hub.
const HUBS: [&str; 2] = ["hub-worker.js", "own-stream.js"];

fn main() {
    let client = Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("client");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    println!("cargo::rerun-if-changed={}", client.display());
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    for (entry, text) in bundles(&client) {
        let own: &[_] = if HUBS.contains(&entry) {
            &HUB_PROPERTIES
        } else if OTHERS.contains(&entry) {
            &[]
        } else {
            &PROPERTIES
        };
        let text = minify::minify(&text, own).unwrap_or_else(|error| panic!("{entry}: {error}"));
        let text = text.as_bytes();
        fs::write(out.join(entry), text).unwrap();
        fs::write(out.join(format!("{entry}.br")), brotli(text)).unwrap();
        fs::write(out.join(format!("{entry}.gz")), gzip(text)).unwrap();
    }
}

/// All bundles by the names of their entries, not yet minified.
fn bundles(client: &Path) -> Vec<(&'static str, String)> {
    let mut page = Bundle::new(client, &[]);
    page.add(PAGE, true);
    let parts = PARTS.map(|entry| {
        let mut part = Bundle::new(client, &page.added);
        part.add(entry, true);
        (entry, part)
    });
    for (entry, part) in &parts {
        let twice = part
            .imported
            .iter()
            .find(|name| part.declared.contains_key(*name));
        assert_eq!(twice, None, "client/{entry} imports and declares it");
    }
    let shared: BTreeSet<_> = parts
        .iter()
        .flat_map(|(_, part)| part.imported.clone())
        .collect();
    // Short names between the bundles, and the same in all of them.
    let aliases: BTreeMap<_, _> = shared.iter().zip(('a'..='z').chain('A'..='Z')).collect();
    assert_eq!(aliases.len(), shared.len(), "the parts share too much");
    let exports: Vec<_> = aliases
        .iter()
        .map(|(name, alias)| format!("{name} as {alias}"))
        .collect();
    let export = format!("export {{ {} }};\n", exports.join(", "));
    page.text.push_str(&export);

    let mut all = vec![(PAGE, page.text)];
    for (entry, part) in parts {
        let imports = part.imported.iter();
        let imports: Vec<_> = imports
            .map(|name| format!("{} as {name}", aliases[name]))
            .collect();
        let import = format!("import {{ {} }} from './{PAGE}';\n", imports.join(", "));
        all.push((entry, import + &part.text));
    }
    for entry in OTHERS {
        let mut other = Bundle::new(client, &[]);
        other.add(entry, true);
        all.push((entry, other.text));
    }
    all
}

struct Bundle<'a> {
    folder: &'a Path,
    text: String,
    added: Vec<String>,
    /// Modules that are in another bundle, and what is imported from there.
    elsewhere: &'a [String],
    imported: BTreeSet<String>,
    /// The module that declares a top-level name.
    declared: HashMap<String, String>,
}

impl<'a> Bundle<'a> {
    fn new(folder: &'a Path, elsewhere: &'a [String]) -> Self {
        Self {
            folder,
            text: String::new(),
            added: Vec::new(),
            elsewhere,
            imported: BTreeSet::new(),
            declared: HashMap::new(),
        }
    }

    /// Adds a module after everything that it imports: the order in which a browser runs them.
    fn add(&mut self, name: &str, is_entry: bool) {
        if self.added.iter().any(|added| added == name) {
            return;
        }
        self.added.push(name.to_owned());
        let path = self.folder.join(name);
        let source = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
        let (imports, lines) = split(name, &source);
        for (names, module) in imports {
            if self.elsewhere.contains(&module) {
                self.imported.extend(names);
            } else {
                self.add(&module, false);
            }
        }
        for line in lines {
            self.declare(name, line);
            let line = match line.strip_prefix("export ") {
                Some(declaration) if !is_entry => declaration,
                _ => line,
            };
            self.text.push_str(line.trim_start());
            self.text.push('\n');
        }
    }

    fn declare(&mut self, module: &str, line: &str) {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let line = line.strip_prefix("async ").unwrap_or(line);
        let Some(rest) = ["function ", "function* ", "class ", "const ", "let "]
            .iter()
            .find_map(|keyword| line.strip_prefix(keyword))
        else {
            return;
        };
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$')
            .unwrap_or(rest.len());
        assert!(
            end > 0,
            "client/{module}: a declaration at the top level names one thing: {line}"
        );
        let name = rest[..end].to_owned();
        if let Some(other) = self.declared.insert(name, module.to_owned()) {
            panic!(
                "client/{module} and client/{other} both declare `{}`; they are bundled, so one \
                 of them needs another name",
                &rest[..end]
            );
        }
    }
}

/// What a module imports, and from which.
type Import = (Vec<String>, String);

/// What this module imports, and its lines without that and without comments.
fn split<'s>(name: &str, source: &'s str) -> (Vec<Import>, Vec<&'s str>) {
    let mut imports = Vec::new();
    let mut kept = Vec::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        let start = line.trim_start();
        if start.starts_with("/*") {
            let mut end = start;
            while !end.trim_end().ends_with("*/") {
                end = lines
                    .next()
                    .unwrap_or_else(|| panic!("client/{name}: a comment does not end"));
            }
        } else if line.starts_with("import ") {
            let (names, module) = line
                .strip_prefix("import { ")
                .and_then(|rest| rest.strip_suffix("';"))
                .and_then(|rest| rest.split_once(" } from './"))
                .filter(|(names, _)| !names.contains(" as "))
                .unwrap_or_else(|| {
                    panic!("client/{name}: not `import {{ a, b }} from './c.js';`: {line}")
                });
            let names = names.split(", ").map(str::to_owned).collect();
            imports.push((names, module.to_owned()));
        } else if !start.is_empty() && !start.starts_with("//") {
            kept.push(line);
        }
    }
    (imports, kept)
}

fn brotli(text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &*text, &mut packed, &params).unwrap();
    packed
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}
