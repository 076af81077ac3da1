//! What holds for any two texts, however they came about.

use super::{Tree, apply, compare::compare};

/// Checks that patches lead from `old` to `new`, and that parsing only the difference gives the same tree
/// as parsing everything.
///
/// # Panics
///
/// If one of them is wrong.
pub(crate) fn check(old: &str, new: &str) {
    let old_tree = Tree::parse(old.to_owned());
    let (new_tree, around) = old_tree.follow(new.into());
    assert_eq!(new_tree, Tree::parse(new.to_owned()), "{old:?} to {new:?}");
    for around in [around, Tree::ROOT] {
        let patches = compare(&old_tree, &new_tree, around);
        assert_eq!(apply(old, &patches), new, "from {old:?} by {patches:?}");
    }
}
