//! No line of the log takes over a text as it is.

use std::path::Path;

/// Values that are no text of anybody: network addresses.
const ADDRESSES: [&str; 2] = ["address", "peer"];

/// The calls of `tracing` in a source file, up to the end of each.
fn calls(code: &str) -> impl Iterator<Item = &str> {
    code.split("tracing::").skip(1).filter_map(|rest| {
        let (name, rest) = rest.split_once('!')?;
        let levels = ["error", "warn", "info", "debug", "trace"];
        let mut depth = 0;
        let closing = rest.char_indices().find(|(_, c)| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        let (end, _) = closing?;
        levels.contains(&name).then(|| &rest[..end])
    })
}

/// The values that a call shows as they are.
fn shown(call: &str) -> impl Iterator<Item = &str> {
    call.split('%').skip(1).filter(|value| {
        let plain = ADDRESSES.iter().any(|name| {
            value
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(','))
        });
        !value.starts_with("LogText(") && !plain
    })
}

fn look(folder: &Path, seen: &mut usize, wrong: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(&path, seen, wrong);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let code = std::fs::read_to_string(&path).unwrap();
            for call in calls(&code) {
                *seen += 1;
                wrong.extend(shown(call).map(|value| format!("{}: %{value}", path.display())));
            }
        }
    }
}

#[test]
fn every_text_in_a_line_of_the_log_is_escaped() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../via/src");
    let (mut seen, mut wrong) = (0, Vec::new());
    look(&source, &mut seen, &mut wrong);
    assert!(seen > 20, "{seen}");
    assert!(wrong.is_empty(), "show it as a `LogText`: {wrong:#?}");
}

#[test]
fn a_text_that_is_not_escaped_is_found() {
    let found = |code| calls(code).flat_map(shown).count();
    assert_eq!(found(r#"tracing::warn!(%error, "it failed");"#), 1);
    assert_eq!(found(r#"tracing::warn!(error = %self, "it failed"),"#), 1);
    assert_eq!(
        found(r#"tracing::warn!(error = %LogText(error), %peer, "it failed");"#),
        0
    );
}
