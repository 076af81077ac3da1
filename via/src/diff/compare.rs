//! Compares two trees: which elements stayed, and which patches replace the others.

use std::collections::HashMap;
use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use super::patch::{Op, Patch, Target};
use super::tag;
use super::tree::Tree;

/// How many bytes a patch needs on the wire in addition to its HTML: the selector and the framing.
const PATCH_COST: usize = 60;

/// The smallest patches that turn `old` into `new`. All differences must be in the element `around`,
/// which has this number in both trees.
pub(super) fn compare(old: &Tree, new: &Tree, around: usize) -> Vec<Patch> {
    let mut comparison = Comparison {
        old,
        new,
        path: Vec::new(),
        edits: Vec::new(),
    };
    let mut ancestors: Vec<_> = old.ancestors(around).collect();
    ancestors.pop();
    for &ancestor in ancestors.iter().skip(1).rev() {
        let step = comparison.step(ancestor, ancestor);
        comparison.path.push(step);
    }
    if around == Tree::ROOT {
        comparison.root();
    } else {
        let step = comparison.step(around, around);
        comparison.element(around, around, step);
    }
    comparison
        .edits
        .into_iter()
        .map(|edit| Patch {
            target: edit.target,
            op: edit.change.op(new.html()),
        })
        .collect()
}

struct Comparison<'t> {
    old: &'t Tree,
    new: &'t Tree,
    /// The path from a child of the container to the element whose children are compared.
    path: Vec<PathStep<'t>>,
    edits: Vec<Edit>,
}

/// How to get from an element to one of its children.
#[derive(Clone, Copy)]
struct PathStep<'t> {
    position: u32,
    /// The id that identifies the child without a path.
    id: Option<&'t str>,
}

/// A patch with a range of the new text in place of a copy.
struct Edit {
    target: Target,
    change: EditKind,
}

enum EditKind {
    Outer(Range<usize>),
    Inner(Range<usize>),
    Append(Range<usize>),
    Prepend(Range<usize>),
    Before(Range<usize>),
    After(Range<usize>),
    Remove,
}

impl EditKind {
    fn op(self, html: &str) -> Op {
        let text = |range: Range<usize>| html[range].to_owned();
        match self {
            Self::Outer(range) => Op::Outer(text(range)),
            Self::Inner(range) => Op::Inner(text(range)),
            Self::Append(range) => Op::Append(text(range)),
            Self::Prepend(range) => Op::Prepend(text(range)),
            Self::Before(range) => Op::Before(text(range)),
            Self::After(range) => Op::After(text(range)),
            Self::Remove => Op::Remove,
        }
    }

    /// Whether it inserts after an element, or at the start of the content of an element.
    fn is_in_front(&self) -> bool {
        matches!(self, Self::Prepend(_) | Self::After(_))
    }

    fn cost(&self) -> usize {
        PATCH_COST
            + match self {
                Self::Outer(range)
                | Self::Inner(range)
                | Self::Append(range)
                | Self::Prepend(range)
                | Self::Before(range)
                | Self::After(range) => range.len(),
                Self::Remove => 0,
            }
    }
}

/// The children of two elements, without those that are equal at the start and at the end.
struct ChildLists {
    /// How many equal children come before.
    before: usize,
    old: Vec<usize>,
    new: Vec<usize>,
    /// The bytes between the equal children before and those after.
    old_bytes: Range<usize>,
    new_bytes: Range<usize>,
    /// Whether there are no equal children before (`first`), or after (`last`).
    first: bool,
    last: bool,
}

/// Which old child each new child continues, or that it is better to send the whole parent.
enum Pairs {
    /// The old child of each new child, in increasing order.
    Kept(Vec<Option<usize>>),
    /// Children that stay have changed their order, and they hold state of the user.
    Reordered,
}

impl<'t> Comparison<'t> {
    /// Compares the containers.
    fn root(&mut self) {
        let whole = EditKind::Inner(self.new.inner(Tree::ROOT));
        let comparable = self.old.is_open(Tree::ROOT) && self.new.is_open(Tree::ROOT);
        let cost = if comparable {
            self.children(Tree::ROOT, Tree::ROOT)
        } else {
            None
        };
        if cost.is_none_or(|cost| cost > whole.cost()) {
            self.edits.clear();
            self.edits.push(Edit {
                target: Target::Root,
                change: whole,
            });
        }
    }

    /// Compares an old and a new element that are paired, and returns the cost of their patches.
    fn element(&mut self, old: usize, new: usize, step: PathStep<'t>) -> usize {
        if self.old.outer_html(old) == self.new.outer_html(new) {
            return 0;
        }
        let whole = EditKind::Outer(self.new.outer(new));
        let whole_cost = whole.cost();
        let made = self.edits.len();
        if self.old.is_open(old)
            && self.new.is_open(new)
            && self.old.start_tag(old) == self.new.start_tag(new)
            // Whatever stands in an end tag beside the name, patches of the content do not reach it.
            && self.old.end_tag(old) == self.new.end_tag(new)
        {
            self.path.push(step);
            let cost = self.children(old, new);
            self.path.pop();
            if let Some(cost) = cost.filter(|&cost| cost <= whole_cost) {
                return cost;
            }
        }
        self.edits.truncate(made);
        self.edits.push(Edit {
            target: self.target(step),
            change: whole,
        });
        whole_cost
    }

    /// Compares the children of two elements. `None` if patches of children cannot turn one into the
    /// other, or only at a high cost.
    fn children(&mut self, old: usize, new: usize) -> Option<usize> {
        let children = self.differing_children(old, new);
        let limit = PATCH_COST + self.new.outer(new).len();
        let pairs = match self.pair(&children) {
            Pairs::Kept(pairs) => pairs,
            Pairs::Reordered => {
                let change = EditKind::Inner(self.new.inner(new));
                let cost = change.cost();
                let target = self.parent();
                self.edits.push(Edit { target, change });
                return Some(cost);
            }
        };
        let kept = pairs.iter().flatten().count();
        if (children.old.len() - kept) * PATCH_COST > limit {
            return None;
        }

        let mut cost = 0;
        // The children after this gap are done.
        let mut next = Gap {
            old: children.old.len(),
            new: children.new.len(),
        };
        for at in (0..pairs.len()).rev() {
            let Some(pair) = pairs[at] else { continue };
            let previous = Gap {
                old: pair + 1,
                new: at + 1,
            };
            cost += self.between(&children, &previous, &next)?;
            let (old, new) = (children.old[pair], children.new[at]);
            let step = PathStep {
                position: children.position(pair),
                id: self.shared_id(old, new),
            };
            cost += self.element(old, new, step);
            next = Gap { old: pair, new: at };
        }
        cost += self.between(&children, &Gap { old: 0, new: 0 }, &next)?;
        Some(cost)
    }

    /// Patches for the children between two that stay: they remove some and insert others. The text
    /// between them must stay the same.
    fn between(&mut self, children: &ChildLists, from: &Gap, to: &Gap) -> Option<usize> {
        let old_bytes = children.old_span(self.old, from.old, to.old);
        let new_bytes = children.new_span(self.new, from.new, to.new);
        let gone = from.old..to.old;
        let mut text = String::new();
        let mut at = old_bytes.start;
        for &child in &children.old[gone.clone()] {
            let outer = self.old.outer(child);
            text.push_str(&self.old.html()[at..outer.start]);
            at = outer.end;
        }
        text.push_str(&self.old.html()[at..old_bytes.end]);

        let insertion = if from.new == to.new {
            if text != self.new.html()[new_bytes] {
                return None;
            }
            None
        } else {
            Some(self.insertion(children, (from, to), new_bytes, &text)?)
        };
        let removals = gone.rev().map(|child| Edit {
            target: self.target(PathStep {
                position: children.position(child),
                id: None,
            }),
            change: EditKind::Remove,
        });
        // An insertion before the removed children would shift their positions, so it comes last.
        let edits: Vec<_> = match insertion {
            Some(edit) if edit.change.is_in_front() => removals.chain([edit]).collect(),
            edit => edit.into_iter().chain(removals).collect(),
        };
        let cost = edits.iter().map(|edit| edit.change.cost()).sum();
        self.edits.extend(edits);
        Some(cost)
    }

    /// Inserts the new children between two that stay. The existing text must be either before or after
    /// all of them.
    fn insertion(
        &self,
        children: &ChildLists,
        (from, to): (&Gap, &Gap),
        bytes: Range<usize>,
        text: &str,
    ) -> Option<Edit> {
        let (first, last) = (children.new[from.new], children.new[to.new - 1]);
        let html = self.new.html();
        let text_in_front = html[bytes.start..self.new.outer(first).start] == *text;
        let text_behind = html[self.new.outer(last).end..bytes.end] == *text;
        // The bytes to insert, before or after the text.
        let in_front = bytes.start..bytes.end - text.len().min(bytes.len());
        let behind = bytes.start + text.len().min(bytes.len())..bytes.end;
        let previous = from.old == 0 && children.first;
        let next = to.old == children.old.len() && children.last;
        let change = if text_in_front && next {
            (self.parent(), EditKind::Append(behind))
        } else if text_behind && previous {
            (self.parent(), EditKind::Prepend(in_front))
        } else if text_behind {
            let id = (from.old > 0)
                .then(|| self.shared_id(children.old[from.old - 1], children.new[from.new - 1]))
                .flatten();
            let position = children.position_before(from.old)?;
            (
                self.target(PathStep { position, id }),
                EditKind::After(in_front),
            )
        } else if text_in_front {
            let next = children.old.get(to.old).zip(children.new.get(to.new));
            let id = next.and_then(|(&old, &new)| self.shared_id(old, new));
            let position = children.position(to.old);
            (
                self.target(PathStep { position, id }),
                EditKind::Before(behind),
            )
        } else {
            return None;
        };
        Some(Edit {
            target: change.0,
            change: change.1,
        })
    }

    fn differing_children(&self, old: usize, new: usize) -> ChildLists {
        let (old_tree, new_tree) = (self.old, self.new);
        let mut old_children: Vec<_> = old_tree.children(old).collect();
        let mut new_children: Vec<_> = new_tree.children(new).collect();
        let mut old_bytes = old_tree.inner(old);
        let mut new_bytes = new_tree.inner(new);
        // A child is compared together with the text before it, and from the end with the text after it.
        let before = old_children
            .iter()
            .zip(&new_children)
            .take_while(|&(&old, &new)| {
                let (old_end, new_end) = (old_tree.outer(old).end, new_tree.outer(new).end);
                let equal = old_tree.html()[old_bytes.start..old_end]
                    == new_tree.html()[new_bytes.start..new_end];
                if equal {
                    old_bytes.start = old_end;
                    new_bytes.start = new_end;
                }
                equal
            })
            .count();
        old_children.drain(..before);
        new_children.drain(..before);
        let after = old_children
            .iter()
            .rev()
            .zip(new_children.iter().rev())
            .take_while(|&(&old, &new)| {
                let (old_start, new_start) = (old_tree.outer(old).start, new_tree.outer(new).start);
                let equal = old_tree.html()[old_start..old_bytes.end]
                    == new_tree.html()[new_start..new_bytes.end];
                if equal {
                    old_bytes.end = old_start;
                    new_bytes.end = new_start;
                }
                equal
            })
            .count();
        old_children.truncate(old_children.len() - after);
        new_children.truncate(new_children.len() - after);
        ChildLists {
            before,
            old: old_children,
            new: new_children,
            old_bytes,
            new_bytes,
            first: before == 0,
            last: after == 0,
        }
    }

    /// Finds the old child that each new child continues: by id, by equal content, then by position.
    fn pair(&self, children: &ChildLists) -> Pairs {
        let mut pairs = vec![None; children.new.len()];
        let mut used = vec![false; children.old.len()];
        if !children.old.is_empty() && !children.new.is_empty() {
            self.pair_by_id(children, &mut pairs, &mut used);
            self.pair_by_content(children, &mut pairs, &mut used);
            for at in moved(&pairs) {
                if self.keeps_state(children.new[at]) {
                    return Pairs::Reordered;
                }
                if let Some(old) = pairs[at].take() {
                    used[old] = false;
                }
            }
            self.pair_by_place(children, &mut pairs);
        }
        Pairs::Kept(pairs)
    }

    fn pair_by_id(&self, children: &ChildLists, pairs: &mut [Option<usize>], used: &mut [bool]) {
        let ids = self.old.unique_ids(&children.old);
        if ids.is_empty() {
            return;
        }
        for (pair, &new) in pairs.iter_mut().zip(&children.new) {
            *pair = self.new.unique_id(new).and_then(|id| ids.get(id).copied());
            if let Some(old) = *pair {
                used[old] = true;
            }
        }
    }

    fn pair_by_content(
        &self,
        children: &ChildLists,
        pairs: &mut [Option<usize>],
        used: &mut [bool],
    ) {
        let unpaired = |pairs: &[Option<usize>]| pairs.iter().any(Option::is_none);
        if !unpaired(pairs) || used.iter().all(|&used| used) {
            return;
        }
        // The first old child with each content, and for each old child the next one with equal content.
        let mut first: HashMap<u64, usize> = HashMap::with_capacity(children.old.len());
        let mut following = vec![None; children.old.len()];
        for (at, &old) in children.old.iter().enumerate().rev() {
            if !used[at] {
                let hash = xxh3_64(self.old.outer_html(old).as_bytes());
                following[at] = first.insert(hash, at);
            }
        }
        for (pair, &new) in pairs.iter_mut().zip(&children.new) {
            if pair.is_some() {
                continue;
            }
            let html = self.new.outer_html(new);
            let hash = xxh3_64(html.as_bytes());
            let Some(&old) = first.get(&hash) else {
                continue;
            };
            if self.old.outer_html(children.old[old]) == html {
                *pair = Some(old);
                used[old] = true;
                match following[old] {
                    Some(next) => first.insert(hash, next),
                    None => first.remove(&hash),
                };
            }
        }
    }

    /// Between children that stay, pairs children of the same kind at the same position.
    fn pair_by_place(&self, children: &ChildLists, pairs: &mut [Option<usize>]) {
        let (mut old, mut new) = (0, 0);
        while new < pairs.len() {
            let new_end = (new..pairs.len())
                .find(|&at| pairs[at].is_some())
                .unwrap_or(pairs.len());
            let old_end = pairs
                .get(new_end)
                .copied()
                .flatten()
                .unwrap_or(children.old.len());
            self.pair_run(children, pairs, (old, old_end), (new, new_end));
            (old, new) = (old_end + 1, new_end + 1);
        }
    }

    fn pair_run(
        &self,
        children: &ChildLists,
        pairs: &mut [Option<usize>],
        (mut old, mut old_end): (usize, usize),
        (mut new, mut new_end): (usize, usize),
    ) {
        let alike = |old: usize, new: usize| self.alike(children.old[old], children.new[new]);
        while old < old_end && new < new_end && alike(old, new) {
            pairs[new] = Some(old);
            (old, new) = (old + 1, new + 1);
        }
        while old < old_end && new < new_end && alike(old_end - 1, new_end - 1) {
            (old_end, new_end) = (old_end - 1, new_end - 1);
            pairs[new_end] = Some(old_end);
        }
    }

    /// Whether an old element may become a new one, so that the input of a user stays in the right field.
    fn alike(&self, old: usize, new: usize) -> bool {
        let same_id = self.old.id(old) == self.new.id(new);
        let known = self.old.unique_id(old).is_some() || self.new.unique_id(new).is_some();
        if !same_id || known || !self.old.name(old).eq_ignore_ascii_case(self.new.name(new)) {
            return false;
        }
        let (old_tag, new_tag) = (self.old.start_tag(old), self.new.start_tag(new));
        old_tag == new_tag
            || !self.old.kind(old).holds_user_state()
            || ["type", "name", "data-bind"].iter().all(|attribute| {
                tag::attribute_of(old_tag, attribute) == tag::attribute_of(new_tag, attribute)
            })
    }

    /// Whether an element or a descendant holds state that is lost if the browser creates it again.
    fn keeps_state(&self, new: usize) -> bool {
        self.new.subtree(new).any(|node| {
            let name = self.new.name(node);
            self.new.kind(node).holds_user_state()
                || !self.new.id(node).is_empty()
                || name.contains('-')
                || ["audio", "canvas", "details", "dialog", "video"]
                    .iter()
                    .any(|known| name.eq_ignore_ascii_case(known))
        })
    }

    fn shared_id(&self, old: usize, new: usize) -> Option<&'t str> {
        self.old
            .unique_id(old)
            .filter(|&id| self.new.unique_id(new) == Some(id))
    }

    fn step(&self, old: usize, new: usize) -> PathStep<'t> {
        let parent = self.old.ancestors(old).nth(1).unwrap_or(Tree::ROOT);
        let before = self
            .old
            .children(parent)
            .take_while(|&child| child != old)
            .count();
        PathStep {
            position: position(before),
            id: self.shared_id(old, new),
        }
    }

    /// The element whose children are compared.
    fn parent(&self) -> Target {
        match self.path.split_last() {
            Some((last, path)) => target(path, *last),
            None => Target::Root,
        }
    }

    fn target(&self, step: PathStep<'_>) -> Target {
        target(&self.path, step)
    }
}

/// A position between children, as the number of children before it.
struct Gap {
    old: usize,
    new: usize,
}

impl ChildLists {
    /// The position of the old child `at` among all children.
    fn position(&self, at: usize) -> u32 {
        position(self.before + at)
    }

    /// The position of the child before the old child `at`.
    fn position_before(&self, at: usize) -> Option<u32> {
        (self.before + at).checked_sub(1).map(position)
    }

    fn old_span(&self, tree: &Tree, from: usize, to: usize) -> Range<usize> {
        span(tree, &self.old, &self.old_bytes, from, to)
    }

    fn new_span(&self, tree: &Tree, from: usize, to: usize) -> Range<usize> {
        span(tree, &self.new, &self.new_bytes, from, to)
    }
}

/// From the end of the child before `from` to the start of the child `to`.
fn span(
    tree: &Tree,
    children: &[usize],
    bytes: &Range<usize>,
    from: usize,
    to: usize,
) -> Range<usize> {
    let start = from
        .checked_sub(1)
        .map_or(bytes.start, |last| tree.outer(children[last]).end);
    let end = children
        .get(to)
        .map_or(bytes.end, |&next| tree.outer(next).start);
    start..end
}

fn target(path: &[PathStep<'_>], last: PathStep<'_>) -> Target {
    if let Some(id) = last.id {
        return Target::Id(id.to_owned());
    }
    let anchor = path.iter().rposition(|step| step.id.is_some());
    let below = anchor.map_or(path, |anchor| &path[anchor + 1..]);
    Target::Path {
        anchor: anchor.and_then(|anchor| path[anchor].id).map(str::to_owned),
        steps: below
            .iter()
            .chain([&last])
            .map(|step| step.position)
            .collect(),
    }
}

/// Positions count from 1.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a tree has fewer nodes than `u32::MAX` bytes"
)]
fn position(before: usize) -> u32 {
    before as u32 + 1
}

/// The new children that must move so that as many others as possible stay. These are the ones that
/// are not in a longest increasing subsequence.
fn moved(pairs: &[Option<usize>]) -> Vec<usize> {
    let paired = || {
        pairs
            .iter()
            .enumerate()
            .filter_map(|(at, pair)| Some((at, (*pair)?)))
    };
    if paired().is_sorted_by_key(|(_, old)| old) {
        return Vec::new();
    }
    // `ends[n]` is the last child of a subsequence of length n + 1, with the smallest old position.
    let mut ends: Vec<(usize, usize)> = Vec::new();
    let mut before = vec![None; pairs.len()];
    for (at, old) in paired() {
        let length = ends.partition_point(|&(_, end)| end < old);
        before[at] = length.checked_sub(1).map(|shorter| ends[shorter].0);
        if length == ends.len() {
            ends.push((at, old));
        } else {
            ends[length] = (at, old);
        }
    }
    let mut stays = vec![false; pairs.len()];
    let mut at = ends.last().map(|&(at, _)| at);
    while let Some(staying) = at {
        stays[staying] = true;
        at = before[staying];
    }
    paired()
        .map(|(at, _)| at)
        .filter(|&at| !stays[at])
        .collect()
}
