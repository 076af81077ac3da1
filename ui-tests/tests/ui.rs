//! One file per mistake, with what the compiler says to it; and everything that has to compile.
//!
//! `TRYBUILD=overwrite cargo test -p ui-tests` writes the `.stderr` files: read the difference
//! before committing it. `cargo test -p ui-tests -- mistakes trybuild=<part of a name>` runs a few.

#[test]
fn mistakes_are_explained_and_valid_forms_compile() {
    let tests = trybuild::TestCases::new();
    for of in ["page", "actions", "view", "signal_value", "expression"] {
        tests.pass(format!("{of}/pass/*.rs"));
        tests.compile_fail(format!("{of}/*.rs"));
    }
}
