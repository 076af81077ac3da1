//! The smallest difference between two states of a page's HTML.
//!
//! Pure functions: HTML in, patches out. The HTML is the content of the container of a view,
//! `<div id="via">`. If a browser would repair an element while parsing it, the diff never compares
//! its content: it only replaces the whole element.
//!
//! Everything here keeps one invariant: `apply(old, &diff(old, new)) == new`, byte for byte.

mod compare;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod law;
mod parse;
mod patch;
mod place;
mod tag;
mod tree;

use std::sync::Arc;

pub use self::patch::{Op, Patch, Target, apply};
pub(crate) use self::tag::{ElementKind, attributes};
pub use self::tree::{CONTAINER_ID, Tree};

/// The patches that turn `old` into `new`. Apply them in order, each to the result of the one before.
#[must_use]
pub fn diff(old: &str, new: &str) -> Vec<Patch> {
    Tree::parse(old).update(new).1
}

impl Tree {
    /// The tree of `html`, and the patches that turn this tree into it.
    ///
    /// If the difference is small, this costs far less than parsing all of `html`.
    #[must_use]
    pub fn update(&self, html: impl Into<Arc<str>>) -> (Self, Vec<Patch>) {
        self.update_to(html.into())
    }

    fn update_to(&self, html: Arc<str>) -> (Self, Vec<Patch>) {
        if *self.html() == *html {
            return (self.clone(), Vec::new());
        }
        let (tree, around) = self.follow(html);
        let patches = compare::compare(self, &tree, around);
        (tree, patches)
    }
}

#[cfg(test)]
mod tests;
