//! The options of `#[state(..)]`: the scope of the value, its key and its version.

use syn::{Expr, ExprLit, Lit, LitInt, LitStr};

use super::{
    model::{Key, Kind, State, StateScope},
    options::{Name, Options},
    segments::shared_key,
};
use crate::errors::Errors;

/// The model of a state field with this name.
pub(super) fn kind(options: &Options<'_>, field: &str, errors: &mut Errors) -> Kind {
    let scope = scope(options, errors);
    let (version, migrations) = version(options, errors);
    Kind::State(State {
        scope,
        key: key(options, field, errors),
        version,
        migrations,
        default: options.value(Name::Default).cloned(),
    })
}

/// The scope of the value: at most one of `tab`, `app` and `shared`.
fn scope(options: &Options<'_>, errors: &mut Errors) -> StateScope {
    let mut scopes = [Name::Tab, Name::App, Name::Shared]
        .into_iter()
        .filter_map(|name| options.get(name));
    if let (Some(first), Some(second)) = (scopes.next(), scopes.next()) {
        errors.at(
            &second.name,
            format!(
                "`{}` and `{}` exclude each other: a value belongs to a tab (`tab`), to everyone (`app`) or to everyone with the same key (`shared`); remove one of the two",
                first.name, second.name
            ),
        );
    }
    let shared = options.get(Name::Shared);
    if let (Some(ttl), None) = (options.get(Name::Ttl), shared) {
        errors.at(
            &ttl.name,
            "`ttl` works only with `shared`; add `shared = \"..\"`, or remove `ttl` (for sessions, use `App::session_timeouts`)",
        );
    }
    if shared.is_some() {
        // Only a page without errors is expanded, so the scope of a broken one does not matter.
        return shared_scope(options, errors).unwrap_or(StateScope::Session);
    }
    if options.get(Name::Tab).is_some() {
        StateScope::Tab
    } else if options.get(Name::App).is_some() {
        StateScope::App
    } else {
        StateScope::Session
    }
}

fn shared_scope(options: &Options<'_>, errors: &mut Errors) -> Option<StateScope> {
    let ttl = options
        .text(Name::Ttl, errors)
        .and_then(|text| seconds(text, errors));
    let pattern = options.text(Name::Shared, errors)?;
    match shared_key(&pattern.value()) {
        Ok(segments) => Some(StateScope::Shared {
            pattern: pattern.clone(),
            segments,
            ttl,
        }),
        Err(messages) => {
            for message in messages {
                errors.at(pattern, message);
            }
            None
        }
    }
}

/// The key of the value, if it differs from the names of page and field.
fn key(options: &Options<'_>, field: &str, errors: &mut Errors) -> Option<Key> {
    let (key, rename) = (options.get(Name::Key), options.get(Name::Rename));
    if let (Some(_), Some(other)) = (options.get(Name::Shared), key.or(rename)) {
        errors.at(
            &other.name,
            format!("`shared` already gives the key; remove `{}`", other.name),
        );
        return None;
    }
    if let (Some(_), Some(rename)) = (key, rename) {
        errors.at(
            &rename.name,
            "`key` already gives the key; remove one of the two",
        );
        return None;
    }
    if key.is_some() {
        let literal = options.text(Name::Key, errors)?;
        check_plain(literal, errors)?;
        return Some(Key::Whole(literal.clone()));
    }
    let literal = options.text(Name::Rename, errors)?;
    check_plain(literal, errors)?;
    let old = literal.value();
    if old == field {
        errors.at(
            literal,
            format!("`{field}` is already the name of this field; write its old name, or remove `rename`"),
        );
        return None;
    }
    Some(if old.contains('.') {
        Key::Whole(literal.clone())
    } else {
        Key::OldName(literal.clone())
    })
}

/// `None` after an error.
fn check_plain(literal: &LitStr, errors: &mut Errors) -> Option<()> {
    let text = literal.value();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let message = match text.chars().find(|c| !is_plain(*c)) {
        None if !text.is_empty() => return Some(()),
        None => "a key cannot be empty; use letters, digits, `-`, `_` and `.`".to_owned(),
        Some(c) => format!("a key cannot contain {c:?}; use letters, digits, `-`, `_` and `.`"),
    };
    errors.at(literal, message);
    None
}

/// The version of the stored form, and the migrations from older versions, the oldest first.
fn version(options: &Options<'_>, errors: &mut Errors) -> (u32, Vec<Expr>) {
    let version = options.value(Name::Version).and_then(|value| {
        let number = match value {
            Expr::Lit(ExprLit {
                lit: Lit::Int(number),
                ..
            }) => whole(number),
            _ => None,
        };
        if number.is_none() {
            errors.at(
                value,
                "a version must be a whole number of at least 1; write one such as `version = 2`",
            );
        }
        number
    });
    match (options.get(Name::Version), options.get(Name::Migrate)) {
        (Some(option), None) => {
            if let Some(version @ 2..) = version {
                errors.at(
                    &option.name,
                    format!(
                        "without `migrate`, stored values of older versions are lost; add `migrate = from_version_{}`, or `migrate = []` to start from the default",
                        version - 1
                    ),
                );
            }
            (version.unwrap_or(1), Vec::new())
        }
        (None, Some(option)) => {
            errors.at(
                &option.name,
                "`migrate` needs a version to migrate to; add `version = 2`",
            );
            (1, Vec::new())
        }
        (None, None) => (1, Vec::new()),
        (Some(_), Some(_)) => {
            let version = version.unwrap_or(u32::MAX);
            (version, migrations(options, version, errors))
        }
    }
}

/// The migrations to `version`, at most one from each older version.
fn migrations(options: &Options<'_>, version: u32, errors: &mut Errors) -> Vec<Expr> {
    let steps = match options.value(Name::Migrate) {
        Some(Expr::Array(array)) => array.elems.iter().cloned().collect(),
        Some(step) => vec![step.clone()],
        None => Vec::new(),
    };
    let most = usize::try_from(version - 1).unwrap_or(usize::MAX);
    if let Some(surplus) = steps.get(most) {
        errors.at(
            surplus,
            format!(
                "`version = {version}` has no use for migration {}; remove it, or increase `version`",
                most + 1
            ),
        );
    }
    steps
}

fn whole(number: &LitInt) -> Option<u32> {
    let number: u32 = number.base10_parse().ok()?;
    (number > 0).then_some(number)
}

/// A duration such as `30s`, `15m`, `24h` or `7d`, in seconds.
fn seconds(literal: &LitStr, errors: &mut Errors) -> Option<u64> {
    let text = literal.value();
    let seconds = text.char_indices().next_back().and_then(|(end, unit)| {
        let unit = match unit {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            _ => return None,
        };
        let digits = &text[..end];
        let number: u32 = digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse().ok())??;
        Some(u64::from(number) * unit)
    });
    let message = match seconds {
        Some(1..) => return seconds,
        Some(0) => format!("the duration `{text}` is too short; write at least `1s`"),
        None => {
            format!("`{text}` is not a duration; write one such as `30s`, `15m`, `24h` or `7d`")
        }
    };
    errors.at(literal, message);
    None
}
