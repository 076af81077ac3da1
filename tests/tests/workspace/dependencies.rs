//! What the workspace depends on: the sources, the licences, and one crate for each job.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;

/// Licences that only require to pass on their text.
const LICENCES: [&str; 11] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Crates that must not be used, not even through a feature of a dependency.
const BANNED: [(&str, &str); 3] = [
    (
        "aws-lc-sys",
        "rustls works on ring here; one C library of cryptography is enough",
    ),
    ("native-tls", "TLS is rustls"),
    ("openssl-sys", "TLS is rustls"),
];

/// Crates that exist in several versions, because dependencies require different ones.
const SEVERAL_VERSIONS: [&str; 4] = ["getrandom", "syn", "synstructure", "windows-sys"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

/// Every package of the lock file that some feature on some system needs.
fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version=1",
            "--all-features",
            "--locked",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let metadata: Metadata = serde_json::from_slice(&output.stdout).unwrap();
    assert!(metadata.packages.len() > 100, "this is not the workspace");
    metadata.packages
}

/// Whether licences of the list alone can satisfy the expression.
fn is_allowed(expression: &str) -> bool {
    expression.split(" AND ").all(|part| {
        part.trim_matches(['(', ')'])
            .split(" OR ")
            .flat_map(|choice| choice.split('/'))
            .any(|licence| LICENCES.contains(&licence.trim()))
    })
}

#[test]
fn every_licence_is_permissive() {
    for package in packages() {
        let licence = package.license.as_deref().unwrap_or("no licence at all");
        assert!(is_allowed(licence), "{}: {licence}", package.name);
    }
}

#[test]
fn licences_are_told_apart() {
    for allowed in [
        "MIT",
        "GPL-3.0 OR MIT",
        "(MIT OR GPL-3.0) AND ISC",
        "BSD-3-Clause/MIT",
    ] {
        assert!(is_allowed(allowed), "{allowed}");
    }
    for refused in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(GPL-3.0 OR MPL-2.0) AND MIT",
        "",
    ] {
        assert!(!is_allowed(refused), "{refused}");
    }
}

#[test]
fn everything_comes_from_crates_io_or_is_here() {
    for package in packages() {
        let source = package.source.as_deref().unwrap_or(CRATES_IO);
        assert_eq!(source, CRATES_IO, "{}", package.name);
    }
}

#[test]
fn nothing_banned_comes_in() {
    for package in packages() {
        let banned = BANNED.iter().find(|(name, _)| *name == package.name);
        assert!(banned.is_none(), "{banned:?}");
    }
}

#[test]
fn every_crate_is_there_once() {
    let mut versions = BTreeMap::<_, Vec<_>>::new();
    for package in packages() {
        versions
            .entry(package.name)
            .or_default()
            .push(package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    let several: Vec<_> = versions.keys().map(String::as_str).collect();
    assert_eq!(several, SEVERAL_VERSIONS, "{versions:?}");
}
