//! Patches between two pages.

use crate::diff::law;

/// The input is the beginning that two pages share, what each has in its middle, and the end that they
/// share.
pub(super) fn check(input: &[u8]) {
    let [start, old, new, end] = super::parts(input);
    law::check(
        &[&*start, &old, &end].concat(),
        &[&*start, &new, &end].concat(),
    );
}
