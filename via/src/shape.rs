//! What a stored value looks like, and what of it another shape can read.

mod trace;

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

pub(crate) use trace::trace;

/// The shape of the JSON of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Shape {
    /// A primitive by its name, `opaque Name` for what cannot be looked into, or `recursive Name`
    /// for a type within itself.
    Plain(String),
    Compound(Compound),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Compound {
    Option(Box<Shape>),
    List(Box<Shape>),
    Map(Box<Shape>, Box<Shape>),
    Tuple(Vec<Shape>),
    /// The name of a member that may be left out ends with `?`.
    Struct(BTreeMap<String, Shape>),
    Enum(BTreeMap<String, Shape>),
}

/// What a change means for values that are stored already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Every stored value can still be read.
    Lossless,
    /// Some or all stored values cannot be read any more, or not wholly.
    Lossy,
}

/// One difference between two shapes, at a path within the value.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) verdict: Verdict,
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Shape {
    pub(crate) fn plain(name: impl Into<String>) -> Self {
        Self::Plain(name.into())
    }

    /// All that differs between this shape and a later one.
    pub(crate) fn differences(&self, new: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        compare(self, new, "", &mut found);
        found
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(name) => f.write_str(name),
            Self::Compound(Compound::Option(of)) => write!(f, "option of {of}"),
            Self::Compound(Compound::List(of)) => write!(f, "list of {of}"),
            Self::Compound(Compound::Map(_, of)) => write!(f, "map to {of}"),
            Self::Compound(Compound::Tuple(of)) => write!(f, "tuple of {}", of.len()),
            Self::Compound(Compound::Struct(_)) => f.write_str("struct"),
            Self::Compound(Compound::Enum(_)) => f.write_str("enum"),
        }
    }
}

fn compare(old: &Shape, new: &Shape, path: &str, found: &mut Vec<Difference>) {
    use Compound::{Enum, List, Map, Option, Struct, Tuple};
    if old == new {
        return;
    }
    let mut push = |verdict, text| {
        found.push(Difference {
            verdict,
            path: path.to_owned(),
            text,
        });
    };
    match (old, new) {
        (Shape::Plain(from), Shape::Plain(to)) if widens(from, to) => {
            push(Verdict::Lossless, format!("widened from {from} to {to}"));
        }
        (Shape::Compound(Option(old)), Shape::Compound(Option(new))) => {
            compare(old, new, path, found);
        }
        (old, Shape::Compound(Option(new))) if **new == *old => {
            push(Verdict::Lossless, format!("widened from {old} to option"));
        }
        (Shape::Compound(List(old)), Shape::Compound(List(new))) => {
            compare(old, new, &format!("{path}[]"), found);
        }
        (Shape::Compound(Map(old_key, old)), Shape::Compound(Map(new_key, new))) => {
            compare(old_key, new_key, &format!("{path}{{key}}"), found);
            compare(old, new, &format!("{path}{{}}"), found);
        }
        (Shape::Compound(Tuple(old)), Shape::Compound(Tuple(new))) if old.len() == new.len() => {
            for (place, (old, new)) in old.iter().zip(new).enumerate() {
                compare(old, new, &format!("{path}.{place}"), found);
            }
        }
        (Shape::Compound(Struct(old)), Shape::Compound(Struct(new))) => {
            members(old, new, path, found);
        }
        (Shape::Compound(Enum(old)), Shape::Compound(Enum(new))) => {
            variants(old, new, path, found);
        }
        (old, new) => push(Verdict::Lossy, format!("changed from {old} to {new}")),
    }
}

fn members(
    old: &BTreeMap<String, Shape>,
    new: &BTreeMap<String, Shape>,
    path: &str,
    found: &mut Vec<Difference>,
) {
    let name = |name: &str| name.trim_end_matches('?').to_owned();
    let find = |shapes: &BTreeMap<String, Shape>, wanted: &str| {
        shapes
            .iter()
            .find(|(key, _)| name(key) == name(wanted))
            .map(|(key, shape)| (key.clone(), shape.clone()))
    };
    let mut push = |key: &str, verdict, text: &str| {
        found.push(Difference {
            verdict,
            path: format!("{path}.{}", name(key)),
            text: text.to_owned(),
        });
    };
    for key in old.keys() {
        match find(new, key) {
            None => push(
                key,
                Verdict::Lossy,
                "removed: dropped from a value when that is written next",
            ),
            Some((new_key, _)) if key.ends_with('?') && !new_key.ends_with('?') => {
                push(
                    key,
                    Verdict::Lossy,
                    "has no default any more: values stored without it cannot be read",
                );
            }
            Some((new_key, _)) if !key.ends_with('?') && new_key.ends_with('?') => {
                push(key, Verdict::Lossless, "may be left out now");
            }
            Some(_) => {}
        }
    }
    for key in new.keys() {
        if find(old, key).is_none() {
            if key.ends_with('?') {
                push(key, Verdict::Lossless, "added: starts from its default");
            } else {
                push(
                    key,
                    Verdict::Lossy,
                    "added without `#[serde(default)]`: values stored without it cannot be read",
                );
            }
        }
    }
    for (key, old) in old {
        if let Some((_, new)) = find(new, key) {
            compare(old, &new, &format!("{path}.{}", name(key)), found);
        }
    }
}

fn variants(
    old: &BTreeMap<String, Shape>,
    new: &BTreeMap<String, Shape>,
    path: &str,
    found: &mut Vec<Difference>,
) {
    for (name, old) in old {
        let path = format!("{path}::{name}");
        match new.get(name) {
            Some(new) => compare(old, new, &path, found),
            None => found.push(Difference {
                verdict: Verdict::Lossy,
                path,
                text: "removed: values of this variant cannot be read".into(),
            }),
        }
    }
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        found.push(Difference {
            verdict: Verdict::Lossless,
            path: format!("{path}::{name}"),
            text: "added: older builds cannot read values of it, and keep them".into(),
        });
    }
}

/// Whether every value of one primitive is one of the other, in JSON.
fn widens(from: &str, to: &str) -> bool {
    let integer = |name: &str| -> Option<(bool, u32)> {
        let bits = name.strip_prefix(['i', 'u'])?.parse().ok()?;
        Some((name.starts_with('i'), bits))
    };
    match (integer(from), integer(to)) {
        (Some((true, from)), Some((true, to))) | (Some((false, from)), Some((false, to))) => {
            from <= to
        }
        (Some((false, from)), Some((true, to))) => from < to,
        (Some((_, bits)), None) => to == "f64" && bits <= 32,
        _ => matches!((from, to), ("f32", "f64") | ("char", "string")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(json: &str) -> Shape {
        serde_json::from_str(json).unwrap()
    }

    fn said(old: &str, new: &str) -> Vec<String> {
        shape(old)
            .differences(&shape(new))
            .into_iter()
            .map(|difference| {
                let Difference {
                    verdict,
                    path,
                    text,
                } = difference;
                format!("{verdict:?} {path}: {text}")
            })
            .collect()
    }

    #[test]
    fn what_can_read_every_stored_value_is_lossless() {
        for (old, new) in [
            (r#""u8""#, r#""i16""#),
            (r#""i32""#, r#""f64""#),
            (r#""char""#, r#""string""#),
            (r#""u8""#, r#"{"option":"u8"}"#),
            (r#"{"struct":{}}"#, r#"{"struct":{"a?":"bool"}}"#),
            (
                r#"{"enum":{"A":"unit"}}"#,
                r#"{"enum":{"A":"unit","B":"u8"}}"#,
            ),
        ] {
            let all = shape(old).differences(&shape(new));
            assert!(!all.is_empty());
            assert!(
                all.iter().all(|one| one.verdict == Verdict::Lossless),
                "{all:?}"
            );
        }
    }

    #[test]
    fn what_cannot_read_some_stored_value_is_lossy() {
        for (old, new) in [
            (r#""i16""#, r#""u8""#),
            (r#""u8""#, r#""i8""#),
            (r#""i64""#, r#""f64""#),
            (r#""i64""#, r#""string""#),
            (r#"{"option":"u8"}"#, r#""u8""#),
            (r#"{"struct":{}}"#, r#"{"struct":{"a":"bool"}}"#),
            (r#"{"struct":{"a":"bool"}}"#, r#"{"struct":{}}"#),
            (r#"{"struct":{"a?":"bool"}}"#, r#"{"struct":{"a":"bool"}}"#),
            (r#"{"enum":{"A":"unit"}}"#, r#"{"enum":{}}"#),
            (r#"{"tuple":["u8"]}"#, r#"{"tuple":["u8","u8"]}"#),
        ] {
            let all = shape(old).differences(&shape(new));
            assert!(all.iter().any(|one| one.verdict == Verdict::Lossy), "{new}");
        }
    }

    #[test]
    fn a_difference_says_where_it_is() {
        assert_eq!(
            said(
                r#"{"list":{"struct":{"a":{"enum":{"B":"i64"}}}}}"#,
                r#"{"list":{"struct":{"a":{"enum":{"B":"string"}}}}}"#,
            ),
            ["Lossy [].a::B: changed from i64 to string"]
        );
    }
}
