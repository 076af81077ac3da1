//! The committed description of everything that an app stores.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    App,
    field::{FieldDescriptor, FieldKind, PageDescriptor},
    shape::{Compound, Difference, Shape, Verdict},
};

/// Compares what `app` stores with the description in the file at `path`, which is committed with
/// the program: so a change that makes stored values unreadable is seen in review, and not by users.
///
/// `path` is relative to the package, where tests run. With `VIA_SCHEMA=write` in the environment
/// the file is written instead, except where `CI` is set.
///
/// The shapes of values come from watching their `Deserialize`. What that cannot look into, such as
/// types with `#[serde(flatten)]` or `#[serde(untagged)]`, is `opaque` and compared by name alone.
///
/// # Panics
///
/// Panics with a list of the differences, each with what it means for stored values, if there are
/// any; and if the file is missing or cannot be read or written.
///
/// # Example: a test of the program
///
/// ```
/// use via::prelude::*;
///
/// #[via::page("/")]
/// struct Counter {
///     #[state]
///     count: i64,
/// }
/// # impl View for Counter {
/// #     fn view(&self, _: &Cx<Self>) -> Markup { html! {} }
/// # }
/// # let file = std::env::temp_dir().join(format!("via-schema-{}.json", std::process::id()));
/// # let text = r#"{"Counter.count": {"pages": ["Counter"], "kind": "state", "scope": "session",
/// #     "stored": "Counter.count", "version": 1, "type": "i64", "shape": "i64"}}"#;
/// # std::fs::write(&file, text).unwrap();
///
/// via::testing::check_schema(&via::App::new().page::<Counter>(), &file);
/// # std::fs::remove_file(file).unwrap();
/// ```
#[track_caller]
pub fn check_schema(app: &App, path: impl AsRef<Path>) {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let wanted = std::env::var_os("VIA_SCHEMA").is_some_and(|value| value == "write");
    let mode = match (wanted, set("CI")) {
        (true, false) => Mode::Write,
        (true, true) => Mode::WriteRefused,
        (false, _) => Mode::Check,
    };
    let new = Schema::of(app.descriptors());
    if let Err(message) = check(&new, path.as_ref(), mode) {
        panic!("{message}");
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Check,
    Write,
    /// In CI, where a written file would be lost and the test would say nothing.
    WriteRefused,
}

const ACCEPT: &str = "To accept this, run the test with `VIA_SCHEMA=write` and commit the file.";

fn check(new: &Schema, path: &Path, mode: Mode) -> Result<(), String> {
    let place = path.display();
    if mode == Mode::Write {
        return std::fs::write(path, new.to_text())
            .map_err(|error| format!("`{place}` cannot be written: {error}"));
    }
    let refused = if mode == Mode::WriteRefused {
        "\n`VIA_SCHEMA=write` does nothing where `CI` is set."
    } else {
        ""
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        format!(
            "there is no description of what the app stores at `{place}`: {error}\nRun the test \
             with `VIA_SCHEMA=write` and commit the file.{refused}"
        )
    })?;
    let old: Schema = serde_json::from_str(&text)
        .map_err(|error| format!("`{place}` is not such a description: {error}\n{ACCEPT}"))?;
    let changes = old.changes(new);
    if changes.is_empty() {
        return Ok(());
    }
    let lossy = changes
        .iter()
        .filter(|(verdict, _)| *verdict == Verdict::Lossy)
        .count();
    let mut message = format!(
        "what the app stores is not what `{place}` says: {} changed, {lossy} of them with a loss\n",
        changes.len()
    );
    for (verdict, text) in changes {
        let mark = match verdict {
            Verdict::Lossy => "LOSS",
            Verdict::Lossless => "fine",
        };
        // Writing to a string does not fail.
        let _ = writeln!(message, "  {mark}: {text}");
    }
    Err(format!("{message}{ACCEPT}{refused}"))
}

/// Every stored field, by its key.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Schema(BTreeMap<String, Field>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Field {
    /// The pages that have it; only shared values have several.
    pages: Vec<String>,
    kind: String,
    scope: String,
    /// For how many seconds a shared value is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
    /// The name of its value within its document.
    stored: String,
    version: u32,
    /// As it is written.
    #[serde(rename = "type")]
    type_name: String,
    shape: Shape,
}

impl Schema {
    fn of(pages: impl Iterator<Item = &'static PageDescriptor>) -> Self {
        let mut fields: BTreeMap<String, Field> = BTreeMap::new();
        for page in pages {
            for descriptor in page.fields {
                let Some(mut field) = Field::of(descriptor) else {
                    continue;
                };
                if let Some(other) = fields.remove(descriptor.key) {
                    field.pages = other.pages;
                }
                field.pages.push(page.name.to_owned());
                field.pages.sort();
                fields.insert(descriptor.key.to_owned(), field);
            }
        }
        Self(fields)
    }

    fn to_text(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("text and numbers have a JSON form");
        format!("{text}\n")
    }

    /// What is different in `new`, each with what that means for values that are stored.
    fn changes(&self, new: &Self) -> Vec<(Verdict, String)> {
        let mut changes = Vec::new();
        for (key, old) in &self.0 {
            match new.0.get(key) {
                Some(new) => old.changes(new, key, &mut changes),
                None => changes.push((
                    Verdict::Lossless,
                    format!(
                        "`{key}` removed: its values stay where they are, and nobody reads them"
                    ),
                )),
            }
        }
        for key in new.0.keys().filter(|key| !self.0.contains_key(*key)) {
            changes.push((
                Verdict::Lossless,
                format!("`{key}` added: it starts from its default"),
            ));
        }
        changes
    }
}

impl Field {
    /// `None` for what is not stored.
    fn of(field: &FieldDescriptor) -> Option<Self> {
        let home = field.home()?;
        let kind = match field.kind {
            FieldKind::State(_) => "state",
            FieldKind::Signal(_) => "signal",
            FieldKind::Param => return None,
        };
        let shape = field.ty.and_then(|describe| describe().shape);
        Some(Self {
            pages: Vec::new(),
            kind: kind.to_owned(),
            scope: home.name().to_owned(),
            ttl: home.ttl().map(|ttl| ttl.as_secs()),
            stored: field.stored_name(field.version).into_owned(),
            version: field.version,
            type_name: field.type_name.to_owned(),
            shape: shape.map_or_else(|| of_signal(field.type_name), |shape| shape()),
        })
    }

    fn changes(&self, new: &Self, key: &str, changes: &mut Vec<(Verdict, String)>) {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let mut push = |verdict, text: String| changes.push((verdict, format!("`{key}` {text}")));
        if self.home() != new.home() {
            push(
                Verdict::Lossy,
                format!(
                    "moved from {} to {}: its stored values are not found there",
                    self.home(),
                    new.home()
                ),
            );
        }
        if self.ttl != new.ttl {
            push(
                Verdict::Lossless,
                format!("is kept for {} now", new.keeping()),
            );
        }
        if self.pages != new.pages {
            push(
                Verdict::Lossless,
                format!("belongs to {} now", new.pages.join(", ")),
            );
        }
        match new.version.cmp(&self.version) {
            Greater => push(
                Verdict::Lossless,
                format!(
                    "has version {} after {}: stored values are migrated",
                    new.version, self.version
                ),
            ),
            Less => push(
                Verdict::Lossy,
                format!(
                    "goes back from version {} to {}: newer values are kept and not read",
                    self.version, new.version
                ),
            ),
            Equal if self.stored != new.stored => push(
                Verdict::Lossy,
                format!(
                    "is kept as `{}` now, and was as `{}`",
                    new.stored, self.stored
                ),
            ),
            Equal => {
                let differences = self.shape.differences(&new.shape);
                if differences.is_empty() && self.type_name != new.type_name {
                    push(
                        Verdict::Lossless,
                        format!(
                            "is written `{}` and was `{}`: its stored form is the same",
                            new.type_name, self.type_name
                        ),
                    );
                }
                for difference in differences {
                    changes.push(self.explained(new, key, difference));
                }
            }
        }
    }

    fn explained(&self, new: &Self, key: &str, difference: Difference) -> (Verdict, String) {
        let Difference {
            verdict,
            path,
            text,
        } = difference;
        let text = match verdict {
            Verdict::Lossless => format!("`{key}{path}` {text}"),
            Verdict::Lossy if path.is_empty() => format!(
                "`{key}` changed from {} to {} without a new `version`: values stored by the \
                 current build cannot be read; raise `version` and `migrate`",
                self.type_name, new.type_name
            ),
            Verdict::Lossy => format!(
                "`{key}{path}` {text}; give it what it needs, or raise `version` of `{key}` and \
                 `migrate`"
            ),
        };
        (verdict, text)
    }

    fn home(&self) -> String {
        format!("a {} of the {}", self.kind, self.scope)
    }

    fn keeping(&self) -> String {
        self.ttl
            .map_or_else(|| "ever".to_owned(), |ttl| format!("{ttl} seconds"))
    }
}

/// Signals have a stored form of their own, which follows from their type.
fn of_signal(type_name: &str) -> Shape {
    match type_name
        .strip_prefix("Option<")
        .and_then(|of| of.strip_suffix('>'))
    {
        Some(of) => Shape::Compound(Compound::Option(Box::new(of_signal(of)))),
        None if type_name == "String" => Shape::plain("string"),
        None => Shape::plain(type_name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    mod before {
        use super::*;

        #[crate::page("/")]
        pub(super) struct Shop {
            #[state]
            count: i64,
            #[state]
            seen: Vec<u8>,
            #[state]
            gone: bool,
            #[state]
            sizes: Vec<i64>,
            #[state(tab)]
            draft: String,
            #[signal]
            step: i32,
            #[signal(local)]
            open: bool,
        }

        impl View for Shop {
            fn view(&self, _: &Cx<Self>) -> Markup {
                html! {}
            }
        }
    }

    mod after {
        use super::*;

        #[crate::page("/")]
        pub(super) struct Shop {
            #[state]
            count: String,
            #[state]
            seen: Vec<u16>,
            #[state]
            new: bool,
            #[state]
            sizes: Vec<String>,
            #[state]
            draft: String,
            #[signal]
            step: i64,
        }

        impl View for Shop {
            fn view(&self, _: &Cx<Self>) -> Markup {
                html! {}
            }
        }
    }

    fn schema<P: View>() -> Schema {
        Schema::of(App::new().page::<P>().descriptors())
    }

    #[test]
    fn every_change_is_named_with_what_it_means() {
        let changes = schema::<before::Shop>().changes(&schema::<after::Shop>());
        let changes: Vec<_> = changes
            .iter()
            .map(|(verdict, text)| format!("{verdict:?}: {text}"))
            .collect();
        assert_eq!(
            changes,
            [
                "Lossy: `Shop.count` changed from i64 to String without a new `version`: values \
                 stored by the current build cannot be read; raise `version` and `migrate`",
                "Lossy: `Shop.draft` moved from a state of the tab to a state of the session: its \
                 stored values are not found there",
                "Lossless: `Shop.gone` removed: its values stay where they are, and nobody reads \
                 them",
                "Lossless: `Shop.seen[]` widened from u8 to u16",
                "Lossy: `Shop.sizes[]` changed from i64 to string; give it what it needs, or raise \
                 `version` of `Shop.sizes` and `migrate`",
                "Lossless: `Shop.step` widened from i32 to i64",
                "Lossless: `Shop.new` added: it starts from its default",
            ]
        );
    }

    #[test]
    fn a_raised_version_stands_for_whatever_else_changed() {
        let old = schema::<before::Shop>();
        let mut new = schema::<after::Shop>();
        new.0.retain(|key, _| key == "Shop.count");
        let field = new.0.get_mut("Shop.count").unwrap();
        (field.version, field.stored) = (2, "Shop.count@2".into());
        let changes = old.changes(&new);
        assert_eq!(
            changes.first().unwrap(),
            &(
                Verdict::Lossless,
                "`Shop.count` has version 2 after 1: stored values are migrated".to_owned()
            )
        );
    }

    #[test]
    fn a_file_is_written_only_when_asked_for_and_never_in_ci() {
        let file =
            std::env::temp_dir().join(format!("via-schema-test-{}.json", std::process::id()));
        let schema = schema::<before::Shop>();
        let missing = check(&schema, &file, Mode::Check).unwrap_err();
        assert!(missing.contains("VIA_SCHEMA=write"), "{missing}");
        let refused = check(&schema, &file, Mode::WriteRefused).unwrap_err();
        assert!(refused.contains("does nothing where `CI`"), "{refused}");
        assert!(!file.exists());

        check(&schema, &file, Mode::Write).unwrap();
        check(&schema, &file, Mode::Check).unwrap();
        check(&schema, &file, Mode::WriteRefused).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let other = self::schema::<after::Shop>();
        let message = check(&other, &file, Mode::Check).unwrap_err();
        assert!(message.contains("LOSS: `Shop.count`"), "{message}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        std::fs::remove_file(&file).unwrap();
    }
}
