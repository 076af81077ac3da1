//! What must hold for every input, one function for each target in `fuzz/`; behind the cargo feature
//! `fuzzing`.
//!
//! A function panics if its law is broken. The fuzzer calls it with inputs that it invents, and a test
//! calls it with the inputs in `fuzz/corpus/`.

mod act;
mod browser;
mod diff;
mod document;
mod first_html;
mod http;
mod literal;
mod redis;
mod sse;
mod token;

/// What one target checks.
pub type Check = fn(&[u8]);

/// The targets, by the names of their corpora.
pub const TARGETS: [(&str, Check); 9] = [
    ("act", act::check),
    ("diff", diff::check),
    ("document", document::check),
    ("first_html", first_html::check),
    ("http", http::check),
    ("literal", literal::check),
    ("redis", redis::check),
    ("sse", sse::check),
    ("token", token::check),
];

/// Runs the target of this name.
///
/// # Panics
///
/// If the input breaks the law of the target, or if there is no such target.
pub fn run(target: &str, input: &[u8]) {
    let found = TARGETS.iter().find(|(name, _)| *name == target);
    let (_, check) = found.expect("a target of this name");
    check(input);
}

/// The parts of an input, as texts. The byte between them does not occur in UTF-8.
fn parts<const N: usize>(input: &[u8]) -> [String; N] {
    let mut parts = input.splitn(N, |&byte| byte == 0xff);
    std::array::from_fn(|_| String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned())
}
