//! An app can use `via` beside other crates: cargo finds compatible versions.
//!
//! Cargo refuses two versions of a crate that links a C library, such as SQLite. Nothing is compiled.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tempfile::TempDir;

/// The other dependencies in the manifest of an app.
const NEIGHBOURS: [(&str, &str); 8] = [
    (
        "sqlx with PostgreSQL",
        r#"sqlx = { version = "0.9", features = ["macros", "postgres"] }"#,
    ),
    (
        "sqlx with SQLite",
        r#"sqlx = { version = "0.9", features = ["macros", "sqlite"] }"#,
    ),
    (
        "SeaORM",
        r#"sea-orm = { version = "2", features = ["runtime-tokio-rustls", "sqlx-postgres"] }"#,
    ),
    (
        "Diesel with PostgreSQL",
        r#"diesel = { version = "2", features = ["postgres"] }"#,
    ),
    (
        "Diesel with SQLite",
        r#"diesel = { version = "2.3", features = ["sqlite"] }"#,
    ),
    ("axum-login", r#"axum-login = "0.18""#),
    ("openidconnect", r#"openidconnect = "4""#),
    (
        "tower-http",
        r#"tower-http = { version = "0.7", features = ["full"] }"#,
    ),
];

/// How an app depends on `via`.
const FEATURES: [&str; 2] = ["", r#", features = ["redis"]"#];

/// Crates of which an app and `via` must use the same version, because values pass between them.
const SHARED: [&str; 3] = ["axum", "http", "serde"];

/// Half of each resolution is waiting for the index.
const AT_A_TIME: usize = 4;

/// The lock file of an app with these dependencies, or cargo's error.
fn resolve(via: &str, neighbour: &str) -> Result<String, String> {
    let app = TempDir::new().unwrap();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = format!(
        "[package]\nname = \"app\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nvia = {{ path = '{}'{via} }}\n{neighbour}\n",
        workspace.join("via").display()
    );
    fs::write(app.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(app.path().join("src")).unwrap();
    fs::write(app.path().join("src/lib.rs"), "").unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["generate-lockfile", "--quiet"])
        .current_dir(app.path())
        .output()
        .unwrap();
    if output.status.success() {
        Ok(fs::read_to_string(app.path().join("Cargo.lock")).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// What is wrong with an app that has this dependency beside `via`.
fn mistake(via: &str, (name, neighbour): (&str, &str)) -> Option<String> {
    let wrong = match resolve(via, neighbour) {
        Err(said) => said,
        Ok(lock) => {
            let copies = |shared: &&str| {
                let line = format!("name = \"{shared}\"");
                lock.lines().filter(|it| *it == line).count()
            };
            let several: Vec<_> = SHARED.into_iter().filter(|it| copies(it) > 1).collect();
            if several.is_empty() {
                return None;
            }
            format!("it has several versions of {several:?}")
        }
    };
    Some(format!("`via`{via} beside {name}: {wrong}"))
}

#[test]
fn via_resolves_beside_what_apps_use() {
    // Asked first, so that a missing network does not look like a conflict.
    if let Err(said) = resolve("", "") {
        panic!(
            "cargo cannot resolve `via` alone. This test asks the index of crates.io, so it needs \
             the network. Cargo says:\n{said}"
        );
    }
    let cases: Vec<_> = FEATURES
        .iter()
        .flat_map(|via| NEIGHBOURS.iter().map(move |neighbour| (*via, *neighbour)))
        .collect();
    let next = AtomicUsize::new(0);
    let mistakes: Vec<_> = thread::scope(|scope| {
        let work = || {
            let case = || cases.get(next.fetch_add(1, Ordering::Relaxed));
            std::iter::from_fn(case)
                .filter_map(|(via, neighbour)| mistake(via, *neighbour))
                .collect::<Vec<_>>()
        };
        let workers: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|it| it.join().unwrap())
            .collect()
    });
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn a_crate_that_links_another_sqlite_is_named() {
    let neighbour = ("an old rusqlite", r#"rusqlite = "=0.36.0""#);
    let mistake = mistake("", neighbour).unwrap();
    assert!(
        mistake.starts_with("`via` beside an old rusqlite: ") && mistake.contains("sqlite3"),
        "{mistake}"
    );
}
