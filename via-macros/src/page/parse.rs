//! Parses tokens into syntax, without judging it.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{
    Attribute, Expr, Field, Fields, Item, ItemStruct, LitStr, Meta, Token, Type, ext::IdentExt,
    parse::ParseStream,
};

use crate::{emit::cfgs, errors::Errors};

/// The input of `#[via::page]`.
pub(crate) struct Input {
    /// The arguments of the attribute.
    pub(crate) attr: PageAttr,
    /// The item under the attribute, without our attributes on its fields.
    pub(crate) item: Item,
    /// The named fields of the struct, in order; empty for any other item.
    pub(crate) fields: Vec<FieldInput>,
}

/// `"/todo/{id}"`
#[derive(Default)]
pub(crate) struct PageAttr {
    /// The route, if there is one.
    pub(crate) route: Option<LitStr>,
    /// All other arguments.
    pub(crate) unknown: Vec<Unknown>,
}

/// An argument that the page attribute does not take.
pub(crate) struct Unknown {
    /// Its first token.
    pub(crate) token: TokenTree,
    /// Whether it is the first argument, where the route belongs.
    pub(crate) first: bool,
}

/// A field and the attributes on it.
pub(crate) struct FieldInput {
    /// The name.
    pub(crate) ident: Ident,
    /// The type.
    pub(crate) ty: Type,
    /// Attributes that are not ours.
    pub(crate) others: Vec<Attribute>,
    /// Attributes that are ours.
    pub(crate) attrs: Vec<FieldAttr>,
    /// A misspelled attribute, taken off the field, and the role that the user probably meant.
    pub(crate) misspelled: Option<(Attribute, Role)>,
    /// Whether an earlier field has the same name, and neither depends on a `#[cfg]`.
    pub(crate) repeated: bool,
}

/// `#[state(tab, default = 3)]`
pub(crate) struct FieldAttr {
    /// Which attribute it is.
    pub(crate) role: Role,
    /// The whole attribute.
    pub(crate) attr: Attribute,
    /// The options in the parentheses.
    pub(crate) options: Vec<FieldOption>,
}

/// What an attribute makes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    State,
    Signal,
    Param,
}

impl Role {
    const ALL: [Self; 3] = [Self::State, Self::Signal, Self::Param];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Signal => "signal",
            Self::Param => "param",
        }
    }

    fn of(attr: &Attribute) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| attr.path().is_ident(role.name()))
    }
}

/// `tab` or `default = 3`
pub(crate) struct FieldOption {
    /// `tab`
    pub(crate) name: Ident,
    /// `3`
    pub(crate) value: Option<Expr>,
}

impl Input {
    pub(crate) fn parse(attr: TokenStream, mut item: Item, errors: &mut Errors) -> Self {
        let attr = PageAttr::parse(attr);
        let fields = match &mut item {
            Item::Struct(ItemStruct { fields, .. }) => take_fields(fields, errors),
            Item::Enum(item) => {
                for variant in &mut item.variants {
                    take_fields(&mut variant.fields, errors);
                }
                Vec::new()
            }
            _ => Vec::new(),
        };
        Self { attr, item, fields }
    }
}

impl PageAttr {
    fn parse(tokens: TokenStream) -> Self {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let is_comma =
            |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ',');
        let mut attr = Self::default();
        for (index, argument) in tokens.split(is_comma).enumerate() {
            let Some(token) = argument.first().cloned() else {
                continue;
            };
            let first = index == 0;
            match syn::parse2(argument.iter().cloned().collect()) {
                Ok(route) if first => attr.route = Some(route),
                _ => attr.unknown.push(Unknown { token, first }),
            }
        }
        attr
    }
}

/// Takes our attributes off the fields, and returns the fields that have names.
fn take_fields(fields: &mut Fields, errors: &mut Errors) -> Vec<FieldInput> {
    let mut taken: Vec<FieldInput> = Vec::new();
    for field in fields {
        if let Some(mut field) = take_field(field, errors) {
            let mut earlier = taken.iter().filter(|other| other.ident == field.ident);
            field.repeated = cfgs(&field.others).is_empty()
                && earlier.any(|other| cfgs(&other.others).is_empty());
            taken.push(field);
        }
    }
    taken
}

fn take_field(field: &mut Field, errors: &mut Errors) -> Option<FieldInput> {
    let mut attrs = Vec::new();
    let mut others = Vec::new();
    for attr in field.attrs.drain(..) {
        match Role::of(&attr) {
            Some(role) => attrs.push(FieldAttr::parse(role, attr, errors)),
            None => others.push(attr),
        }
    }
    let mut misspelled = None;
    if attrs.is_empty() {
        let found = others.iter().enumerate().find_map(|(index, attr)| {
            let written = attr.path().get_ident()?.to_string();
            let role = Role::ALL
                .into_iter()
                .find(|role| is_misspelled(&written, role.name()))?;
            Some((index, role))
        });
        misspelled = found.map(|(index, role)| (others.remove(index), role));
    }
    field.attrs.clone_from(&others);
    Some(FieldInput {
        ident: field.ident.clone()?,
        ty: field.ty.clone(),
        others,
        attrs,
        misspelled,
        repeated: false,
    })
}

/// Whether one letter is wrong, missing, superfluous or swapped with its neighbour.
fn is_misspelled(written: &str, meant: &str) -> bool {
    let (a, b) = (written.as_bytes(), meant.as_bytes());
    let same_start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same_start..], &b[same_start..]);
    let same_end = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (a, b) = (&a[..a.len() - same_end], &b[..b.len() - same_end]);
    match (a, b) {
        ([_] | [], [_]) | ([_], []) => true,
        ([a1, a2], [b1, b2]) => a1 == b2 && a2 == b1,
        _ => false,
    }
}

impl FieldAttr {
    fn parse(role: Role, attr: Attribute, errors: &mut Errors) -> Self {
        let name = role.name();
        let mut options = Vec::new();
        match &attr.meta {
            Meta::Path(_) => {}
            Meta::NameValue(meta) => match role {
                Role::Param => errors.at(meta, "`#[param]` takes no value; write `#[param]`"),
                Role::State | Role::Signal => errors.at(
                    meta,
                    format!("a default goes in parentheses; write `#[{name}(default = ..)]`"),
                ),
            },
            Meta::List(list) => {
                let parser = |input: ParseStream<'_>| {
                    while !input.is_empty() {
                        options.push(FieldOption::parse(input)?);
                        if !input.is_empty() {
                            input.parse::<Token![,]>()?;
                        }
                    }
                    Ok(())
                };
                if let Err(error) = list.parse_args_with(parser) {
                    errors.push(error);
                }
            }
        }
        Self {
            role,
            attr,
            options,
        }
    }
}

impl FieldOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let Ok(name) = Ident::parse_any(input) else {
            return Err(input.error("expected an option such as `tab` or `default = ..`"));
        };
        let value = if input.peek(Token![=]) {
            let equals: Token![=] = input.parse()?;
            if input.is_empty() || input.peek(Token![,]) {
                return Err(syn::Error::new_spanned(
                    equals,
                    format!("`{name}` needs a value; write it after the `=`"),
                ));
            }
            Some(input.parse()?)
        } else {
            None
        };
        Ok(Self { name, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_word_with_one_wrong_letter_is_a_misspelling() {
        for written in ["stat", "sate", "states", "stete", "sttae"] {
            assert!(is_misspelled(written, "state"), "{written}");
        }
        for written in ["state", "serde", "doc", "estate2", "static"] {
            assert!(!is_misspelled(written, "state"), "{written}");
        }
    }
}
