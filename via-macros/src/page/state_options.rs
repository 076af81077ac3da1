//! The options of `#[state(..)]`: who shares the value, under which key, in which version.

use syn::{Expr, ExprLit, Lit, LitInt, LitStr};

use super::{
    model::{Key, Kind, State, StateScope},
    parse::{FieldAttr, FieldOption},
    segments::shared_key,
};
use crate::errors::Errors;

/// What `#[state(..)]` takes, for messages.
pub(super) const TAKES: &str = "`tab`, `app`, `shared = \"..\"`, `ttl = \"..\"`, `key = \"..\"`, \
                                `rename = \"..\"`, `version = ..`, `migrate = ..` and `default = ..`";

/// The options by name, each at most once.
#[derive(Default)]
struct Options<'a> {
    tab: Option<&'a FieldOption>,
    app: Option<&'a FieldOption>,
    shared: Option<&'a FieldOption>,
    ttl: Option<&'a FieldOption>,
    key: Option<&'a FieldOption>,
    rename: Option<&'a FieldOption>,
    version: Option<&'a FieldOption>,
    migrate: Option<&'a FieldOption>,
    default: Option<&'a FieldOption>,
}

/// The kind of a state field of this page and name.
pub(super) fn kind(attr: &FieldAttr, field: &str, errors: &mut Errors) -> Kind {
    let options = collect(attr, errors);
    let scope = scope(&options, errors);
    let (version, migrations) = version(&options, errors);
    Kind::State(State {
        scope,
        key: key(&options, field, errors),
        version,
        migrations,
        default: options.default.and_then(|option| option.value.clone()),
    })
}

fn collect<'a>(attr: &'a FieldAttr, errors: &mut Errors) -> Options<'a> {
    let mut options = Options::default();
    for option in &attr.options {
        let name = option.name.to_string();
        let (slot, takes_value) = match name.as_str() {
            "tab" => (&mut options.tab, false),
            "app" => (&mut options.app, false),
            "shared" => (&mut options.shared, true),
            "ttl" => (&mut options.ttl, true),
            "key" => (&mut options.key, true),
            "rename" => (&mut options.rename, true),
            "version" => (&mut options.version, true),
            "migrate" => (&mut options.migrate, true),
            "default" => (&mut options.default, true),
            "local" => {
                errors.at(
                    &option.name,
                    "server state cannot be `local`; write `#[signal(local)]` for what stays in the browser",
                );
                continue;
            }
            _ => {
                errors.at(
                    &option.name,
                    format!("unknown option `{name}`; `#[state]` takes {TAKES}"),
                );
                continue;
            }
        };
        if slot.is_some() {
            errors.at(
                &option.name,
                format!("`{name}` is given twice; remove one of the two"),
            );
            continue;
        }
        *slot = Some(option);
        match (&option.value, takes_value) {
            (Some(value), false) => errors.at(
                value,
                format!("`{name}` takes no value; write `#[state({name})]`"),
            ),
            (None, true) => errors.at(&option.name, without_value(&name)),
            _ => {}
        }
    }
    options
}

fn without_value(name: &str) -> String {
    match name {
        "default" => {
            "`default` has no value; write `default = ..`, or nothing for the type's own".to_owned()
        }
        "shared" => "`shared` has no key; write `shared = \"room/{room}\"`".to_owned(),
        "ttl" => "`ttl` has no duration; write `ttl = \"24h\"`".to_owned(),
        _ => format!("`{name}` has no value; write `{name} = ..`"),
    }
}

/// Who shares the value: at most one of `tab`, `app` and `shared`.
fn scope(options: &Options<'_>, errors: &mut Errors) -> StateScope {
    let mut given = [options.tab, options.app, options.shared]
        .into_iter()
        .flatten();
    if let (Some(first), Some(second)) = (given.next(), given.next()) {
        errors.at(
            &second.name,
            format!(
                "a value is shared by one tab, by everyone (`app`) or by all who open a key (`shared`); it is `{}` already, so remove one of the two",
                first.name
            ),
        );
    }
    if let (Some(ttl), None) = (options.ttl, options.shared) {
        errors.at(
            &ttl.name,
            "`ttl` ends a shared value; write `shared = \"..\"` beside it, or remove it (sessions have `App::session_timeouts`)",
        );
    }
    if let Some(option) = options.shared {
        let ttl = options.ttl.and_then(|ttl| {
            let text = text(ttl, "a duration as text: `ttl = \"24h\"`", errors)?;
            seconds(&text, errors)
        });
        if let Some(pattern) = text(option, "a key as text: `shared = \"room/{room}\"`", errors) {
            match shared_key(&pattern.value()) {
                Ok(segments) => {
                    return StateScope::Shared {
                        pattern,
                        segments,
                        ttl,
                    };
                }
                Err(messages) => {
                    for message in messages {
                        errors.at(&pattern, message);
                    }
                }
            }
        }
        return StateScope::Session;
    }
    match (options.tab, options.app) {
        (Some(_), _) => StateScope::Tab,
        (None, Some(_)) => StateScope::App,
        (None, None) => StateScope::Session,
    }
}

/// The key that the value is kept under, where it is not that of page and field.
fn key(options: &Options<'_>, field: &str, errors: &mut Errors) -> Option<Key> {
    if let (Some(_), Some(other)) = (options.shared, options.key.or(options.rename)) {
        errors.at(
            &other.name,
            "the key of a shared value is the text after `shared`; remove this one",
        );
        return None;
    }
    if let (Some(_), Some(rename)) = (options.key, options.rename) {
        errors.at(
            &rename.name,
            "the value is kept under the name after `key` already; remove one of the two",
        );
        return None;
    }
    let (option, is_rename) = match (options.key, options.rename) {
        (Some(key), _) => (key, false),
        (None, Some(rename)) => (rename, true),
        (None, None) => return None,
    };
    let form = if is_rename {
        "the field's old name as text: `rename = \"old\"`"
    } else {
        "a name as text: `key = \"cart\"`"
    };
    let literal = text(option, form, errors)?;
    let name = literal.value();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(plain) {
        errors.at(
            &literal,
            format!(
                "`{}` is made of letters, digits, `-`, `_` and `.`",
                option.name
            ),
        );
        return None;
    }
    if !is_rename {
        return Some(Key::Whole(literal));
    }
    if name == field {
        errors.at(
            &literal,
            "this is the field's own name; remove `rename`, or write the name that it had before",
        );
        return None;
    }
    Some(if name.contains('.') {
        Key::Whole(literal)
    } else {
        Key::OldName(literal)
    })
}

/// The version of the stored form, and the steps to it from older ones, the oldest first.
fn version(options: &Options<'_>, errors: &mut Errors) -> (u32, Vec<Expr>) {
    let version = options.version.and_then(|option| {
        let value = option.value.as_ref()?;
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
                "a version is a whole number from 1 up, as in `version = 2`",
            );
        }
        number
    });
    let Some(migrate) = options.migrate else {
        if let (Some(option), Some(2..)) = (options.version, version) {
            errors.at(
                &option.name,
                "values of older versions are lost without `migrate`; write `migrate = from_the_version_before`, or `migrate = []` to begin anew from the default",
            );
        }
        return (version.unwrap_or(1), Vec::new());
    };
    if options.version.is_none() {
        errors.at(
            &migrate.name,
            "`migrate` leads to a version; write `version = 2` beside it",
        );
        return (1, Vec::new());
    }
    let steps = match &migrate.value {
        Some(Expr::Array(array)) => array.elems.iter().cloned().collect(),
        Some(step) => vec![step.clone()],
        None => Vec::new(),
    };
    let version = version.unwrap_or(u32::MAX);
    let most = usize::try_from(version - 1).unwrap_or(usize::MAX);
    if let Some(surplus) = steps.get(most) {
        errors.at(
            surplus,
            format!(
                "there are {most} versions before version {version}, so this step leads nowhere; remove it, or raise `version`"
            ),
        );
    }
    (version, steps)
}

fn whole(number: &LitInt) -> Option<u32> {
    let number: u32 = number.base10_parse().ok()?;
    (number > 0).then_some(number)
}

fn text(option: &FieldOption, form: &str, errors: &mut Errors) -> Option<LitStr> {
    match option.value.as_ref()? {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.clone()),
        other => {
            errors.at(other, format!("`{}` takes {form}", option.name));
            None
        }
    }
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
    let wrong = match seconds {
        Some(1..) => return seconds,
        Some(0) => "ends the value at once",
        None => "is not a duration",
    };
    errors.push(syn::Error::new(
        literal.span(),
        format!("`{text}` {wrong}; write `30s`, `15m`, `24h` or `7d`"),
    ));
    None
}
