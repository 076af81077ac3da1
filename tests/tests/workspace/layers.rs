//! The modules of the workspace import only what is below them, as `architecture.md` says.

use std::{collections::BTreeSet, fs, path::Path};

use via_tests::layers::{imports, problems};

/// The layers that `architecture.md` lists, the highest first.
fn layers(root: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(root.join("via/docs/architecture.md")).unwrap();
    let (_, table) = text.split_once("| layer | modules |").unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let modules = row.split('|').nth(2).unwrap();
        modules
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    })
    .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
fn modules_of_via_import_only_what_is_below_them() {
    let layers = layers(root());
    let imports = imports(&root().join("via/src"), "via");
    let problems = problems(&layers, &imports);
    assert!(problems.is_empty(), "{}", problems.join("\n"));

    let listed: BTreeSet<String> = layers.into_iter().flatten().collect();
    let there: BTreeSet<String> = fs::read_dir(root().join("via/src"))
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".rs").map(str::to_owned)
        })
        .filter(|name| name != "lib")
        .collect();
    assert_eq!(listed, there, "the table of layers against the modules");
}

#[test]
fn modules_of_the_macros_import_each_other_in_one_direction() {
    let imports = imports(&root().join("via-macros/src"), "via_macros");
    assert!(!imports.is_empty());
    let modules = imports.iter().flat_map(|import| [&import.from, &import.to]);
    let one_layer = vec![modules.cloned().collect()];
    let problems = problems(&one_layer, &imports);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
