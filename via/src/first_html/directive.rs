//! The attributes that show signals.

use serde_json::Value;

use super::start_tag::StartTag;
use crate::signal::first::Known;

/// An attribute that shows the value of an expression.
#[derive(Debug)]
pub(super) struct Directive {
    pub(super) plugin: Plugin,
    /// The part of the name after the colon.
    pub(super) key: String,
    /// The expression as it is written in the HTML.
    source: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plugin {
    Attr,
    Bind,
    Class,
    Show,
    Text,
}

impl Plugin {
    /// The beginnings of the names of the attributes.
    pub(super) const NAMES: [&str; 5] = [
        "data-attr",
        "data-bind",
        "data-class",
        "data-show",
        "data-text",
    ];
}

impl StartTag<'_> {
    /// The directives of this tag, without those that have modifiers or more than one value.
    pub(super) fn directives(&self) -> impl Iterator<Item = Directive> {
        self.written().filter_map(|(name, source)| {
            let name = name.to_ascii_lowercase();
            let (plugin, key) = match name.strip_prefix("data-")?.split_once(':') {
                None => (name.strip_prefix("data-")?, ""),
                Some((plugin, key)) => (plugin, key),
            };
            let plugin = match (plugin, key.is_empty()) {
                ("attr", false) => Plugin::Attr,
                ("bind", _) => Plugin::Bind,
                ("class", false) => Plugin::Class,
                ("show", true) => Plugin::Show,
                ("text", true) => Plugin::Text,
                _ => return None,
            };
            (!key.contains("__")).then(|| Directive {
                plugin,
                source: if plugin == Plugin::Bind && !key.is_empty() {
                    camel(key)
                } else {
                    source.to_owned()
                },
                key: key.to_owned(),
            })
        })
    }
}

impl Directive {
    /// Whether a value counts as true; `None` if that is unknown. If an expression does not give a
    /// `bool`, its value on the wire does not tell: 0 and NaN are false, but their texts are true.
    pub(super) fn holds(&self, value: &Value) -> Option<bool> {
        match value {
            Value::Bool(value) => Some(*value),
            value => self.path().is_some().then(|| is_true(value)),
        }
    }

    /// If the expression is only a signal or a part of one: its name, then the names of the fields.
    fn path(&self) -> Option<impl Iterator<Item = &str>> {
        let source = self.source.trim();
        let path = match source.strip_prefix('$') {
            Some(path) => path,
            None if self.plugin == Plugin::Bind => source,
            None => return None,
        };
        let is_name = |name: &str| {
            let mut bytes = name.bytes();
            bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !name.is_empty()
        };
        path.split('.').all(is_name).then(|| path.split('.'))
    }

    /// The value of the expression, if it is known.
    pub(super) fn value(&self, known: &Known) -> Option<Value> {
        let Some(mut names) = self.path() else {
            return known.values.get(&self.source).cloned();
        };
        let mut value = known.signals.get(names.next()?)?;
        for name in names {
            value = match value {
                Value::Object(fields) => fields.get(name),
                Value::Array(items) => name.parse().ok().and_then(|place: usize| items.get(place)),
                _ => None,
            }
            .unwrap_or(&Value::Null);
        }
        Some(value.clone())
    }
}

/// Whether an attribute of this name is an expression to the client. A value must not become one.
pub(super) fn is_directive(name: &str) -> bool {
    const PLUGINS: [&str; 12] = [
        "attr", "bind", "class", "computed", "effect", "init", "on", "ref", "show", "signals",
        "style", "text",
    ];
    name.strip_prefix("data-").is_some_and(|name| {
        PLUGINS.iter().any(|plugin| {
            let rest = name.strip_prefix(plugin);
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
        })
    })
}

/// `Boolean(value)`
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// Converts a name in an attribute to that of its signal: `my-name` to `myName`.
fn camel(key: &str) -> String {
    let mut parts = key.split('-');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        match letters.next() {
            Some(first) if first.is_ascii_lowercase() => name.push(first.to_ascii_uppercase()),
            Some(first) => name.extend(['-', first]),
            None => name.push('-'),
        }
        name.push_str(letters.as_str());
    }
    name
}
