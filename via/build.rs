//! Bundles the browser client: an entry module and everything that it imports become one file
//! without comments and with short names, as text, with brotli and with gzip.
//!
//! The modules are written for this: imports by name from modules in the same folder, exports in
//! front of declarations, and top-level names that no other module of the bundle has. Whatever
//! else would be needed stops the build with the place.

#[path = "build/minify.rs"]
mod minify;

use std::{
    collections::HashMap,
    env, fs,
    io::Write,
    path::{Path, PathBuf},
};

/// What is loaded by URL: by a document (the last two: before the client, and by one of `App::dev`), by a
/// page without a worker, and as a worker.
const ENTRIES: [&str; 5] = ["boot.js", "hub.js", "hub-worker.js", "early.js", "dev.js"];

fn main() {
    let client = Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("client");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    println!("cargo::rerun-if-changed={}", client.display());
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    for entry in ENTRIES {
        let mut bundle = Bundle::new(&client);
        bundle.add(entry, true);
        let text = minify::minify(&bundle.text).unwrap_or_else(|error| panic!("{entry}: {error}"));
        let text = text.as_bytes();
        fs::write(out.join(entry), text).unwrap();
        fs::write(out.join(format!("{entry}.br")), brotli(text)).unwrap();
        fs::write(out.join(format!("{entry}.gz")), gzip(text)).unwrap();
    }
}

struct Bundle<'a> {
    folder: &'a Path,
    text: String,
    added: Vec<String>,
    /// The module that declares a top-level name.
    declared: HashMap<String, String>,
}

impl<'a> Bundle<'a> {
    fn new(folder: &'a Path) -> Self {
        Self {
            folder,
            text: String::new(),
            added: Vec::new(),
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
        for import in imports {
            self.add(&import, false);
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

/// The modules that this one imports, and its lines without those and without comments.
fn split<'s>(name: &str, source: &'s str) -> (Vec<String>, Vec<&'s str>) {
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
            let module = line
                .strip_prefix("import { ")
                .and_then(|rest| rest.split_once(" } from './"))
                .filter(|(names, _)| !names.contains(" as "))
                .and_then(|(_, module)| module.strip_suffix("';"))
                .unwrap_or_else(|| {
                    panic!("client/{name}: not `import {{ a, b }} from './c.js';`: {line}")
                });
            imports.push(module.to_owned());
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
