//! Code that must compile, and one file per mistake, with what the compiler says about it.
//!
//! `TRYBUILD=overwrite cargo test -p ui-tests` writes the `.stderr` files: read the difference
//! before committing it. `cargo test -p ui-tests -- mistakes trybuild=<part of a name>` runs a few.

#[allow(
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::pedantic,
    clippy::use_self,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    reason = "users may write it in these ways"
)]
pub mod pass;

#[test]
fn mistakes_are_explained() {
    // One build checks all of them, because no file is expected to pass.
    let tests = trybuild::TestCases::new();
    for of in ["page", "actions", "view", "signal_value", "expression"] {
        tests.compile_fail(format!("{of}/*.rs"));
    }
}
