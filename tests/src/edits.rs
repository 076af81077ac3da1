//! Random pages and random edits of them, as HTML that every parser reads as the same tree.
//!
//! Each page contains one field, `name="kept"`, which a test can rely on: no edit removes it or one of
//! its ancestors.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::dice::Dice;

/// A page with more nodes than this shrinks before it grows again.
const MANY: usize = 140;

/// A page, with the numbers that decide how it changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RandomPage {
    dice: Dice,
    top: Element,
    wanders: bool,
    names: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Node {
    Text(String),
    Element(Element),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Element {
    tag: String,
    id: Option<String>,
    attributes: Vec<(String, String)>,
    children: Vec<Node>,
}

/// The path of an element: the index at each level, from the top down.
type Path = Vec<usize>;

const FLOW: &[&str] = &[
    "div", "section", "ul", "p", "span", "table", "svg", "input", "textarea", "text",
];
const INLINE: &[&str] = &["span", "b", "input", "br", "text"];

/// What an element may contain, so that its HTML parses to exactly this tree.
fn content(tag: &str) -> &'static [&'static str] {
    match tag {
        "div" | "section" | "li" | "td" => FLOW,
        "p" | "span" | "b" => INLINE,
        "ul" => &["li"],
        "table" => &["tbody"],
        "tbody" => &["tr"],
        "tr" => &["td"],
        "svg" | "g" => &["g", "circle"],
        "textarea" => &["text"],
        _ => &[],
    }
}

fn is_void(tag: &str) -> bool {
    matches!(tag, "input" | "br")
}

fn text(dice: &mut Dice) -> String {
    let words = [
        "one",
        "two <",
        "three &",
        "\"four\"",
        " ",
        "fünf",
        "",
        "six > 5",
        "👩‍👩‍👧",
        "  eight",
    ];
    let mut text = String::new();
    for _ in 0..=dice.place(3) {
        text.push_str(dice.pick(&words));
    }
    // An empty text is not a node.
    if text.is_empty() {
        "x".to_owned()
    } else {
        text
    }
}

impl Node {
    fn random(tag: &str, depth: usize, dice: &mut Dice) -> Self {
        if tag == "text" {
            return Self::Text(text(dice));
        }
        let mut element = Element {
            tag: tag.to_owned(),
            id: None,
            attributes: Vec::new(),
            children: Vec::new(),
        };
        if dice.once_in(3) {
            element.change_attribute(dice);
        }
        let inside = content(tag);
        if !inside.is_empty() && depth > 0 {
            for _ in 0..dice.place(4) {
                let child = Self::random(dice.pick(inside), depth - 1, dice);
                element.insert(element.children.len(), child);
            }
        }
        Self::Element(element)
    }

    fn tag(&self) -> &str {
        match self {
            Self::Text(_) => "text",
            Self::Element(element) => &element.tag,
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Text(_) => 1,
            Self::Element(element) => 1 + element.children.iter().map(Self::size).sum::<usize>(),
        }
    }

    fn holds_kept(&self) -> bool {
        match self {
            Self::Text(_) => false,
            Self::Element(element) => {
                element.is_kept() || element.children.iter().any(Self::holds_kept)
            }
        }
    }

    /// Each id belongs to one element.
    fn forget_ids(&mut self) {
        if let Self::Element(element) = self {
            element.id = None;
            element.children.iter_mut().for_each(Self::forget_ids);
        }
    }

    fn write(&self, html: &mut String) {
        match self {
            Self::Text(text) => escape(text, html),
            Self::Element(element) => element.write(html),
        }
    }
}

impl Element {
    fn is_kept(&self) -> bool {
        self.attributes.iter().any(|(_, value)| value == "kept")
    }

    fn takes(&self, tag: &str) -> bool {
        content(&self.tag).contains(&tag)
    }

    /// Inserts a node, but no text beside another text: the two would be one node.
    fn insert(&mut self, at: usize, node: Node) {
        let is_text = |node: Option<&Node>| matches!(node, Some(Node::Text(_)));
        let beside =
            is_text(self.children.get(at)) || (at > 0 && is_text(self.children.get(at - 1)));
        if !(is_text(Some(&node)) && beside) {
            self.children.insert(at, node);
        }
    }

    /// Joins texts that are now beside each other.
    fn join_texts(&mut self) {
        let mut joined: Vec<Node> = Vec::new();
        for node in self.children.drain(..) {
            match (joined.last_mut(), node) {
                (Some(Node::Text(text)), Node::Text(more)) => text.push_str(&more),
                (_, Node::Element(mut element)) => {
                    element.join_texts();
                    joined.push(Node::Element(element));
                }
                (_, text) => joined.push(text),
            }
        }
        self.children = joined;
    }

    fn change_attribute(&mut self, dice: &mut Dice) {
        let names: &[&str] = match self.tag.as_str() {
            "input" | "textarea" => &["class", "title", "value", "maxlength"],
            "circle" | "g" => &["class", "data-n", "lang"],
            _ => &["class", "title", "lang", "dir", "data-n"],
        };
        let name = dice.pick(names);
        let known = self.attributes.iter().position(|(known, _)| known == name);
        let value = match name {
            "maxlength" => (100 + dice.place(900)).to_string(),
            _ => text(dice),
        };
        match known {
            Some(at) if dice.once_in(3) => drop(self.attributes.remove(at)),
            Some(at) => self.attributes[at].1 = value,
            None => self.attributes.push((name.to_owned(), value)),
        }
    }

    fn write(&self, html: &mut String) {
        let _ = write!(html, "<{}", self.tag);
        if let Some(id) = &self.id {
            let _ = write!(html, " id=\"{id}\"");
        }
        for (name, value) in &self.attributes {
            let _ = write!(html, " {name}=\"");
            escape(value, html);
            html.push('"');
        }
        html.push('>');
        if is_void(&self.tag) {
            return;
        }
        for child in &self.children {
            child.write(html);
        }
        let _ = write!(html, "</{}>", self.tag);
    }
}

fn escape(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
}

impl RandomPage {
    /// The page of a seed. The kept field either has an id and moves through the page, or has no id
    /// and stays among the page's outermost nodes, which come and go around it.
    #[must_use]
    pub fn new(seed: u64, wanders: bool) -> Self {
        let mut dice = Dice::new(seed);
        let mut top = Element {
            tag: "div".to_owned(),
            id: Some("stage".to_owned()),
            attributes: Vec::new(),
            children: Vec::new(),
        };
        for _ in 0..6 {
            let child = Node::random(dice.pick(FLOW), 3, &mut dice);
            top.insert(top.children.len(), child);
        }
        let kept = Element {
            tag: "input".to_owned(),
            id: wanders.then(|| "kept".to_owned()),
            attributes: vec![("name".to_owned(), "kept".to_owned())],
            children: Vec::new(),
        };
        top.children
            .insert(dice.place(top.children.len()), Node::Element(kept));
        Self {
            dice,
            top,
            wanders,
            names: 0,
        }
    }

    /// Its HTML.
    #[must_use]
    pub fn html(&self) -> String {
        let mut html = String::new();
        self.top.write(&mut html);
        html
    }

    /// Changes the page a little.
    pub fn edit(&mut self) {
        let size: usize = self.top.children.iter().map(Node::size).sum();
        if size > MANY {
            self.remove();
        }
        match self.dice.place(13) {
            0 | 1 => self.insert(),
            2 => self.remove(),
            3 | 4 => self.carry(),
            5 => self.reorder(),
            6 => self.change_text(),
            7 | 8 => self.change_attribute(),
            9 => self.name(),
            10 => self.copy(),
            11 => self.wrap(),
            _ => self.unwrap(),
        }
        self.top.join_texts();
    }

    /// The paths of all elements, the top first.
    fn elements(&self) -> Vec<Path> {
        fn collect(element: &Element, path: &Path, found: &mut Vec<Path>) {
            found.push(path.clone());
            for (index, child) in element.children.iter().enumerate() {
                if let Node::Element(child) = child {
                    let mut path = path.clone();
                    path.push(index);
                    collect(child, &path, found);
                }
            }
        }
        let mut found = Vec::new();
        collect(&self.top, &Path::new(), &mut found);
        found
    }

    fn at(&mut self, path: &[usize]) -> &mut Element {
        path.iter().fold(&mut self.top, |element, index| {
            match &mut element.children[*index] {
                Node::Element(child) => child,
                Node::Text(_) => unreachable!("paths lead to elements"),
            }
        })
    }

    /// An element for which `wanted` holds.
    fn any(&mut self, wanted: impl Fn(&Element) -> bool) -> Option<Path> {
        let mut paths = self.elements();
        paths.retain(|path| wanted(self.at(path)));
        (!paths.is_empty()).then(|| paths.swap_remove(self.dice.place(paths.len())))
    }

    /// A node and its parent. If the field must stay, this picks neither it nor one of its ancestors.
    fn any_child(&mut self, wanted: impl Fn(&Node) -> bool) -> Option<(Path, usize)> {
        let wanders = self.wanders;
        let wanted = |node: &Node| (wanders || !node.holds_kept()) && wanted(node);
        let path = self.any(|element| element.children.iter().any(&wanted))?;
        let children = &self.at(&path).children;
        let mut places: Vec<_> = (0..children.len())
            .filter(|at| wanted(&children[*at]))
            .collect();
        let at = places.swap_remove(self.dice.place(places.len()));
        Some((path, at))
    }

    fn insert(&mut self) {
        let Some(path) = self.any(|element| !content(&element.tag).is_empty()) else {
            return;
        };
        let choices = content(&self.at(&path).tag);
        let tag = self.dice.pick(choices);
        let node = Node::random(tag, 2, &mut self.dice);
        self.put(&path, node);
    }

    fn put(&mut self, path: &[usize], node: Node) {
        let end = self.at(path).children.len() + 1;
        let place = self.dice.place(end);
        self.at(path).insert(place, node);
    }

    fn remove(&mut self) {
        if let Some((path, at)) = self.any_child(|node| !node.holds_kept()) {
            self.at(&path).children.remove(at);
        }
    }

    /// Moves a node to another path.
    fn carry(&mut self) {
        let Some((path, at)) = self.any_child(|node| node.tag() != "text") else {
            return;
        };
        let node = self.at(&path).children.remove(at);
        let to = self
            .any(|element| element.takes(node.tag()))
            .unwrap_or(path);
        self.put(&to, node);
    }

    fn reorder(&mut self) {
        let Some(path) = self.any(|element| element.children.len() > 1) else {
            return;
        };
        let mut dice = self.dice;
        let children = &mut self.at(&path).children;
        match dice.place(3) {
            0 => children.reverse(),
            1 => children.rotate_left(1),
            _ => dice.shuffle(children),
        }
        self.dice = dice;
    }

    fn change_text(&mut self) {
        if let Some((path, at)) = self.any_child(|node| node.tag() == "text") {
            let text = text(&mut self.dice);
            self.at(&path).children[at] = Node::Text(text);
        }
    }

    fn change_attribute(&mut self) {
        let Some(path) = self.any(|element| element.id.as_deref() != Some("stage")) else {
            return;
        };
        let mut dice = self.dice;
        self.at(&path).change_attribute(&mut dice);
        self.dice = dice;
    }

    /// Gives an element an id, or removes it.
    fn name(&mut self) {
        self.names += 1;
        let id = format!("e{}", self.names);
        let Some(path) = self.any(|element| !element.is_kept()) else {
            return;
        };
        if path.is_empty() {
            return;
        }
        let element = self.at(&path);
        element.id = if element.id.is_some() { None } else { Some(id) };
    }

    fn copy(&mut self) {
        let Some((path, at)) = self.any_child(|node| !node.holds_kept() && node.size() < 20) else {
            return;
        };
        let mut node = self.at(&path).children[at].clone();
        node.forget_ids();
        let to = self
            .any(|element| element.takes(node.tag()))
            .unwrap_or(path);
        self.put(&to, node);
    }

    fn wrap(&mut self) {
        let Some((path, at)) = self.any_child(|node| content("div").contains(&node.tag())) else {
            return;
        };
        let parent = self.at(&path);
        if !parent.takes("div") {
            return;
        }
        let node = parent.children.remove(at);
        let around = Element {
            tag: "div".to_owned(),
            id: None,
            attributes: Vec::new(),
            children: vec![node],
        };
        parent.children.insert(at, Node::Element(around));
    }

    fn unwrap(&mut self) {
        let Some((path, at)) = self.any_child(|node| matches!(node.tag(), "div" | "section"))
        else {
            return;
        };
        if !self.at(&path).takes("p") {
            return;
        }
        let Node::Element(around) = self.at(&path).children.remove(at) else {
            return;
        };
        let parent = self.at(&path);
        for (offset, child) in around.children.into_iter().enumerate() {
            parent.children.insert(at + offset, child);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_its_field_and_its_ids_whatever_is_done_to_it() {
        for seed in 0..20 {
            for wanders in [true, false] {
                let mut page = RandomPage::new(seed, wanders);
                for _ in 0..200 {
                    page.edit();
                    let html = page.html();
                    assert_eq!(html.matches("name=\"kept\"").count(), 1, "{html}");
                    let mut ids: Vec<_> = html
                        .split(" id=\"")
                        .skip(1)
                        .map(|rest| rest.split('"').next())
                        .collect();
                    let count = ids.len();
                    ids.sort_unstable();
                    ids.dedup();
                    assert_eq!(ids.len(), count, "{html}");
                }
            }
        }
    }
}
