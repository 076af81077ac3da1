//! Form fields that are bound to a signal.

use serde_json::Value;

use super::{Filling, directive::is_true, start_tag::unescaped};
use crate::{diff::ElementKind, signal::text_of};

/// Fills a value into a field.
pub(super) fn fill(filling: &mut Filling<'_>, node: usize, value: &Value) {
    match filling.tree.kind(node) {
        ElementKind::Input => input(filling, node, value),
        ElementKind::Select => select(filling, node, value),
        ElementKind::TextArea => {
            if let Some(text) = text_of(value) {
                filling.replace_content(node, &text);
            }
        }
        _ => {}
    }
}

fn input(filling: &mut Filling<'_>, node: usize, value: &Value) {
    let tag = filling.tag(node);
    let kind = tag.get("type").unwrap_or_default().to_ascii_lowercase();
    let own = if tag.has("value") {
        tag.get("value")
    } else {
        Some("on".to_owned())
    };
    let checked = match (&*kind, own) {
        ("file" | "image" | "submit" | "reset" | "button", _) | ("checkbox" | "radio", None) => {
            return;
        }
        ("checkbox", Some(own)) => match value {
            Value::Array(items) => items.iter().any(|item| in_javascript(item) == own),
            value => is_true(value),
        },
        ("radio", Some(own)) => in_javascript(value) == own,
        _ => {
            let Some(text) = text_of(value) else { return };
            if tag.has("value") || !text.is_empty() {
                tag.set("value", &text);
            }
            return;
        }
    };
    choose(filling, node, "checked", checked);
}

fn select(filling: &mut Filling<'_>, select: usize, value: &Value) {
    let many = filling.tag(select).has("multiple");
    for node in filling.tree.subtree(select) {
        if filling.tree.kind(node) != ElementKind::Option {
            continue;
        }
        let tag = filling.tag(node);
        let own = if tag.has("value") {
            tag.get("value")
        } else {
            unescaped(&filling.tree.html()[filling.tree.inner(node)])
                .map(|text| text.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
        };
        let Some(own) = own else { continue };
        let chosen = match value {
            Value::Array(items) if many => items.iter().any(|item| in_javascript(item) == own),
            _ if many => false,
            value => text_of(value).is_some_and(|text| text == own),
        };
        choose(filling, node, "selected", chosen);
    }
}

fn choose(filling: &mut Filling<'_>, node: usize, name: &str, chosen: bool) {
    let tag = filling.tag(node);
    if !chosen {
        tag.remove(name);
    } else if !tag.has(name) {
        tag.set(name, "");
    }
}

/// `String(value)`
fn in_javascript(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        value => text_of(value).unwrap_or_default(),
    }
}
