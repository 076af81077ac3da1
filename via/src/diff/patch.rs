//! Patches, and how they change HTML.

use super::tree::Tree;

/// One change of the page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Patch {
    /// The element to change.
    pub target: Target,
    /// The change.
    pub op: Op,
}

/// The element that a patch changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The container of the view. A patch changes only its content.
    Root,
    /// The only element with this id.
    Id(String),
    /// The element at the end of a path that begins at the element with the id `anchor`, or at the
    /// container if there is no anchor. Each step is a position among the element children, from 1.
    Path {
        /// The id of the element to start from.
        anchor: Option<String>,
        /// The positions, outermost first.
        steps: Vec<u32>,
    },
}

/// A change of one element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Replaces the element by this HTML.
    Outer(String),
    /// Replaces the content of the element by this HTML.
    Inner(String),
    /// Inserts this HTML at the end of the content.
    Append(String),
    /// Inserts this HTML at the start of the content.
    Prepend(String),
    /// Inserts this HTML before the element.
    Before(String),
    /// Inserts this HTML after the element.
    After(String),
    /// Removes the element.
    Remove,
}

/// The HTML of a page that showed `old` and applied `patches`. Tests use it in place of a browser.
///
/// A patch changes nothing if its target is missing or ambiguous.
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
