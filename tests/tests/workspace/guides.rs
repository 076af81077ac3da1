//! The guides and the list of promises name their tests, and these tests exist.

use std::{
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The folders in which a path may begin; a guide names a program's test without its folder.
const BASES: [&str; 5] = ["", "tests", "tests/tests", "via", "via/src"];

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below `folder` whose names end in `extension`.
fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
}

/// The words in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Names in the "Tested by: .." paragraphs of a guide.
fn in_paragraphs(guide: &str) -> impl Iterator<Item = &str> {
    guide
        .split("\n\n")
        .filter_map(|paragraph| paragraph.strip_prefix("Tested by: "))
        .flat_map(quoted)
}

/// Names in the last cells of a table.
fn in_last_cells(guide: &str) -> impl Iterator<Item = &str> {
    guide
        .lines()
        .filter_map(|line| line.strip_suffix(" |")?.rsplit_once(" | "))
        .flat_map(|(_, cell)| quoted(cell))
}

/// Whether there is such a file, folder or function. Two dots replace a part of the name.
fn exists(name: &str, code: &str) -> bool {
    if name.contains('/') {
        BASES.iter().any(|base| {
            let path = Path::new(ROOT).join(base).join(name);
            path.exists() || path.with_extension("rs").exists()
        })
    } else if let Some(end) = name.strip_prefix("..") {
        code.contains(&format!("{end}("))
    } else if let Some(begin) = name.strip_suffix("..") {
        code.contains(&format!("fn {begin}"))
    } else {
        code.contains(&format!("fn {name}("))
    }
}

/// The `names` without commands, which have spaces, and without links to pages.
fn missing<'a>(names: impl Iterator<Item = &'a str>, code: &str) -> Vec<&'a str> {
    names
        .filter(|name| !name.contains(' ') && name.strip_suffix(".md").is_none())
        .filter(|name| !exists(name, code))
        .collect()
}

/// The source files that contain tests.
fn code() -> String {
    let mut found = Vec::new();
    for folder in ["tests/src", "tests/tests", "via/src"] {
        files(&Path::new(ROOT).join(folder), "rs", &mut found);
    }
    found.iter().map(|path| read(path)).collect()
}

#[test]
fn each_test_that_a_guide_names_exists() {
    let code = code();
    let mut guides = Vec::new();
    files(&Path::new(ROOT).join("via/docs"), "md", &mut guides);
    let mut count = 0;
    for path in guides {
        let guide = read(&path);
        count += in_paragraphs(&guide).count();
        let missing = missing(in_paragraphs(&guide), &code);
        assert!(missing.is_empty(), "{}: {missing:?}", path.display());
    }
    assert!(count >= 20, "only {count} names were found");
}

#[test]
fn each_test_of_a_promise_exists() {
    let promises = read(&Path::new(ROOT).join("via/docs/promises.md"));
    assert!(in_last_cells(&promises).count() >= 60);
    let missing = missing(in_last_cells(&promises), &code());
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_test_that_does_not_exist_is_missed() {
    let guide =
        "A `word`.\n\nTested by: `server/nothing` and\n`server/keys`.\n\n| `a` | `no_such_test` |";
    assert_eq!(missing(in_paragraphs(guide), ""), ["server/nothing"]);
    assert_eq!(missing(in_last_cells(guide), ""), ["no_such_test"]);
    assert_eq!(
        missing(in_last_cells(guide), "fn no_such_test() {}"),
        [""; 0]
    );
}
