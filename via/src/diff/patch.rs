//! What a difference is made of, and what it does to HTML.

use super::tree::Tree;

/// One change of the page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Patch {
    /// Where.
    pub target: Target,
    /// What.
    pub op: Op,
}

/// The element that a patch changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The container of the view. Only its content is changed.
    Root,
    /// The element with this id, which exists once.
    Id(String),
    /// The element that is reached by descending from the element with the id `anchor` (from the container
    /// without one). Each step is a position among the element children, from 1.
    Path {
        /// The id of the element to start from.
        anchor: Option<String>,
        /// Positions, the outermost first.
        steps: Vec<u32>,
    },
}

/// A change of one element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Becomes this.
    Outer(String),
    /// Its content becomes this.
    Inner(String),
    /// Gets this behind its content.
    Append(String),
    /// Gets this in front of its content.
    Prepend(String),
    /// Gets this in front of it.
    Before(String),
    /// Gets this behind it.
    After(String),
    /// Goes away.
    Remove,
}

/// What a page that shows `old` shows after `patches`, which is how a test can see what a browser would.
///
/// A patch whose target is missing or ambiguous changes nothing.
#[must_use]
pub fn apply(old: &str, patches: &[Patch]) -> String {
    patches.iter().fold(old.to_owned(), |html, patch| {
        let tree = Tree::parse(html);
        let Some(node) = find(&tree, &patch.target) else {
            return tree.into_html();
        };
        let (outer, inner) = (tree.outer(node), tree.inner(node));
        let (range, with) = match &patch.op {
            Op::Outer(html) => (outer, html.as_str()),
            Op::Inner(html) => (inner, html.as_str()),
            Op::Append(html) => (inner.end..inner.end, html.as_str()),
            Op::Prepend(html) => (inner.start..inner.start, html.as_str()),
            Op::Before(html) => (outer.start..outer.start, html.as_str()),
            Op::After(html) => (outer.end..outer.end, html.as_str()),
            Op::Remove => (outer, ""),
        };
        let mut html = tree.into_html();
        html.replace_range(range, with);
        html
    })
}

fn find(tree: &Tree, target: &Target) -> Option<usize> {
    match target {
        Target::Root => Some(Tree::ROOT),
        Target::Id(id) => tree.find_id(id),
        Target::Path { anchor, steps } => {
            let start = match anchor {
                Some(id) => tree.find_id(id)?,
                None => Tree::ROOT,
            };
            steps.iter().try_fold(start, |node, &step| {
                let before = usize::try_from(step).ok()?.checked_sub(1)?;
                tree.children(node).nth(before)
            })
        }
    }
}
