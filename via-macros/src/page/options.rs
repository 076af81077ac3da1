//! The options in the attribute of a field: an attribute takes some of them, each at most once, with
//! a value if the option needs one.

use syn::{Expr, ExprLit, Lit, LitStr};

use super::parse::{FieldAttr, FieldOption, Role};
use crate::errors::Errors;

/// The options that an attribute can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Tab,
    App,
    Local,
    Shared,
    Ttl,
    Key,
    Rename,
    Version,
    Migrate,
    Default,
}

impl Name {
    /// The options of an attribute, in the order in which messages list them.
    fn all(role: Role) -> &'static [Self] {
        match role {
            Role::State => &[
                Self::Tab,
                Self::App,
                Self::Shared,
                Self::Ttl,
                Self::Key,
                Self::Rename,
                Self::Version,
                Self::Migrate,
                Self::Default,
            ],
            Role::Signal => &[Self::Tab, Self::Local, Self::Default],
            Role::Param => &[],
        }
    }

    fn find(role: Role, written: &str) -> Option<Self> {
        let mut all = Self::all(role).iter().copied();
        all.find(|name| name.text() == written)
    }

    fn text(self) -> &'static str {
        match self {
            Self::Tab => "tab",
            Self::App => "app",
            Self::Local => "local",
            Self::Shared => "shared",
            Self::Ttl => "ttl",
            Self::Key => "key",
            Self::Rename => "rename",
            Self::Version => "version",
            Self::Migrate => "migrate",
            Self::Default => "default",
        }
    }

    /// A value to show in messages; none if the option takes no value.
    fn example(self) -> Option<&'static str> {
        Some(match self {
            Self::Tab | Self::App | Self::Local => return None,
            Self::Shared => "\"room/{room}\"",
            Self::Ttl => "\"24h\"",
            Self::Key => "\"cart\"",
            Self::Rename => "\"old_name\"",
            Self::Version => "2",
            Self::Migrate => "from_version_1",
            Self::Default => "..",
        })
    }

    /// The option with its example: `ttl = "24h"`.
    fn shown(self) -> String {
        let name = self.text();
        self.example()
            .map_or_else(|| name.to_owned(), |example| format!("{name} = {example}"))
    }

    /// The option with the kind of its value: `ttl = ".."`.
    fn outline(self) -> String {
        let name = self.text();
        match self.example() {
            None => format!("`{name}`"),
            Some(example) if example.starts_with('"') => format!("`{name} = \"..\"`"),
            Some(_) => format!("`{name} = ..`"),
        }
    }
}

/// The options that an attribute was given.
pub(super) struct Options<'a>(Vec<(Name, &'a FieldOption)>);

impl<'a> Options<'a> {
    pub(super) fn collect(attr: &'a FieldAttr, errors: &mut Errors) -> Self {
        let mut given = Self(Vec::new());
        for option in &attr.options {
            let written = option.name.to_string();
            let Some(name) = Name::find(attr.role, &written) else {
                errors.at(&option.name, unknown(attr.role, &written));
                continue;
            };
            if given.get(name).is_some() {
                errors.at(
                    &option.name,
                    format!("`{written}` is given twice; remove one of the two"),
                );
                continue;
            }
            match (&option.value, name.example()) {
                (Some(value), None) => errors.at(
                    value,
                    format!(
                        "`{written}` takes no value; write `#[{}({written})]`",
                        attr.role.name()
                    ),
                ),
                (None, Some(_)) => errors.at(&option.name, without_value(name)),
                _ => {}
            }
            given.0.push((name, option));
        }
        given
    }

    pub(super) fn get(&self, name: Name) -> Option<&'a FieldOption> {
        let found = self.0.iter().find(|(given, _)| *given == name);
        found.map(|(_, option)| *option)
    }

    /// The expression after the option.
    pub(super) fn value(&self, name: Name) -> Option<&'a Expr> {
        self.get(name)?.value.as_ref()
    }

    /// The string literal after the option.
    pub(super) fn text(&self, name: Name, errors: &mut Errors) -> Option<&'a LitStr> {
        match self.value(name)? {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text),
            other => {
                errors.at(
                    other,
                    format!(
                        "`{}` needs a string literal; write one such as `{}`",
                        name.text(),
                        name.shown()
                    ),
                );
                None
            }
        }
    }
}

fn without_value(name: Name) -> String {
    let text = name.text();
    if name == Name::Default {
        format!(
            "`{text}` needs a value; write `default = ..`, or remove it to use the default of the type"
        )
    } else {
        format!(
            "`{text}` needs a value; write one such as `{}`",
            name.shown()
        )
    }
}

fn unknown(role: Role, written: &str) -> String {
    let attribute = role.name();
    let all: Vec<_> = Name::all(role).iter().map(|name| name.outline()).collect();
    let Some((last, others)) = all.split_last() else {
        return format!("`#[{attribute}]` takes no options; remove them");
    };
    let owner = [Role::State, Role::Signal]
        .into_iter()
        .find_map(|owner| Some((owner.name(), Name::find(owner, written)?)));
    match owner {
        Some((owner, name)) => format!(
            "`{written}` is an option of `#[{owner}]`; write `#[{owner}({})]`, or remove it",
            name.shown()
        ),
        None => format!(
            "unknown option `{written}`; `#[{attribute}]` takes {} and {last}",
            others.join(", ")
        ),
    }
}
