//! Changes the attributes of a start tag.

use std::{borrow::Cow, fmt};

use super::escaped;
use crate::diff::attributes;

/// A start tag. Unchanged attributes keep their exact text.
#[derive(Debug)]
pub(super) struct StartTag<'t> {
    /// `<input`
    name: &'t str,
    attributes: Vec<Attribute<'t>>,
    /// `>` or `/>`.
    end: &'t str,
}

#[derive(Debug)]
struct Attribute<'t> {
    name: Cow<'t, str>,
    /// The value as it is written, without its quotes.
    value: Cow<'t, str>,
    /// The whole attribute as it is written.
    text: Cow<'t, str>,
}

impl<'t> StartTag<'t> {
    pub(super) fn parse(tag: &'t str) -> Self {
        let mut read = Vec::new();
        let mut end = None;
        for attribute in attributes(tag) {
            let start = attribute.name.start;
            end.get_or_insert(start);
            read.push(Attribute {
                name: tag[attribute.name].into(),
                value: tag[attribute.value].into(),
                text: tag[start..attribute.end].trim_end().into(),
            });
        }
        let close = if tag.ends_with("/>") { "/>" } else { ">" };
        let name_end = end.unwrap_or(tag.len() - close.len());
        Self {
            name: tag[..name_end].trim_end(),
            attributes: read,
            end: close,
        }
    }

    /// Names and values as they are written.
    pub(super) fn written(&self) -> impl Iterator<Item = (&str, &str)> {
        let attributes = self.attributes.iter();
        attributes.map(|attribute| (&*attribute.name, &*attribute.value))
    }

    fn find(&self, name: &str) -> Option<usize> {
        let mut attributes = self.attributes.iter();
        attributes.position(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// The value of an attribute as a browser reads it; `None` if it has a character reference that
    /// maud does not write.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        unescaped(&self.attributes[self.find(name)?].value)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        let Some(escaped) = escaped(value) else {
            return;
        };
        let place = self.find(name);
        if place.is_some() && self.get(name).as_deref() == Some(value) {
            return;
        }
        let attribute = Attribute {
            name: name.to_owned().into(),
            text: format!("{name}=\"{escaped}\"").into(),
            value: escaped.into(),
        };
        match place {
            Some(place) => self.attributes[place] = attribute,
            None => self.attributes.push(attribute),
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        if let Some(place) = self.find(name) {
            self.attributes.remove(place);
        }
    }

    /// Adds or removes a class, and keeps the order of the others.
    pub(super) fn toggle_class(&mut self, class: &str, on: bool) {
        let before = match self.find("class") {
            None => String::new(),
            Some(_) => match self.get("class") {
                Some(before) => before,
                None => return,
            },
        };
        let mut classes: Vec<&str> = Vec::new();
        for name in before.split_ascii_whitespace() {
            if !classes.contains(&name) {
                classes.push(name);
            }
        }
        if classes.contains(&class) == on {
            return;
        }
        if on {
            classes.push(class);
        } else {
            classes.retain(|name| *name != class);
        }
        let after = classes.join(" ");
        self.set("class", &after);
    }
}

impl fmt::Display for StartTag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        for attribute in &self.attributes {
            write!(f, " {}", attribute.text)?;
            // An equals sign without a value would take the next attribute as its value.
            if attribute.value.is_empty() && attribute.text.ends_with('=') {
                f.write_str("\"\"")?;
            }
        }
        // A slash right after a value without quotes would belong to the value.
        let space = if self.end == "/>" && !self.attributes.is_empty() {
            " "
        } else {
            ""
        };
        write!(f, "{space}{}", self.end)
    }
}

/// A text of HTML as a browser reads it.
pub(super) fn unescaped(html: &str) -> Option<String> {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let (name, c) = [
            ("&amp;", '&'),
            ("&lt;", '<'),
            ("&gt;", '>'),
            ("&quot;", '"'),
        ]
        .into_iter()
        .find(|(name, _)| rest.starts_with(name))?;
        text.push(c);
        rest = &rest[name.len()..];
    }
    text.push_str(rest);
    Some(text)
}
