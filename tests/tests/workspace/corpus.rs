//! What fuzzers have found stays mended: every input in `fuzz/corpus/` keeps the law of its target.

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use via::__fuzz::{TARGETS, run};

/// The corpus may have so many bytes in all.
const ROOM: u64 = 300 * 1024;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn every_input_of_the_corpus_keeps_the_law_of_its_target() {
    let mut broken = Vec::new();
    let mut room = 0;
    for (target, check) in TARGETS {
        let inputs = files(&fuzz().join("corpus").join(target));
        assert!(inputs.len() > 4, "{target} has nearly no corpus");
        for path in inputs {
            let input = fs::read(&path).unwrap();
            room += input.len() as u64;
            if catch_unwind(AssertUnwindSafe(|| check(&input))).is_err() {
                broken.push(format!("{target}/{}", name(&path)));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "these inputs break their law: {}",
        broken.join(", ")
    );
    assert!(room <= ROOM, "the corpus has {room} bytes");
}

#[test]
fn each_law_has_a_target_and_a_corpus() {
    let laws: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let corpora = files(&fuzz().join("corpus"));
    assert_eq!(
        corpora
            .iter()
            .map(|path| name(path))
            .collect::<BTreeSet<_>>(),
        laws
    );
    let targets = files(&fuzz().join("fuzz_targets"));
    assert_eq!(
        targets
            .iter()
            .map(|path| name(path))
            .collect::<BTreeSet<_>>(),
        laws
    );
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for path in targets {
        let name = name(&path);
        let runs = format!("run(\"{name}\", input)");
        assert!(
            fs::read_to_string(&path).unwrap().contains(&runs),
            "{name} runs another law"
        );
        assert!(
            manifest.contains(&format!("name = \"{name}\"")),
            "{name} is not in the manifest"
        );
    }
}

#[test]
#[should_panic(expected = "a target of this name")]
fn a_target_without_a_law_is_an_error() {
    run("nothing", b"");
}
