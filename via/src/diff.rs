//! The smallest difference between two states of a page's HTML.
//!
//! Pure functions: HTML in, patches out. The HTML is the content of the container of a view,
//! `<div id="via">`. What a browser would not read as it is written is never looked into, only replaced whole.
//!
//! The law that everything here serves: `apply(old, &diff(old, new)) == new`, byte for byte.

mod compare;
mod parse;
mod patch;
mod place;
mod tag;
mod tree;

use std::sync::Arc;

pub use self::patch::{Op, Patch, Target, apply};
pub(crate) use self::tag::{ElementKind, attributes};
pub use self::tree::{CONTAINER_ID, Tree};

/// The patches that turn `old` into `new`, to be applied in order, each to what the earlier ones left.
#[must_use]
pub fn diff(old: &str, new: &str) -> Vec<Patch> {
    Tree::parse(old).update(new).1
}

impl Tree {
    /// The tree of `html`, and the patches that turn this tree into it.
    ///
    /// Where the difference is small this costs far less than reading all of `html`.
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
