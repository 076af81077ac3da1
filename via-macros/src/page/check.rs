//! Syntax to meaning; reports everything that is wrong with a page at once.

use quote::quote;
use syn::{Fields, Item, ItemStruct, LitStr, Type};

use super::{
    model::{Field, Kind, Page, SignalScope},
    parse::{FieldAttr, FieldInput, FieldOption, Input, PageAttr, Role},
    segments::{self, Segment},
    state_options,
};
use crate::{
    emit::{cfgs, is_hidden_by_a_method, name_of},
    errors::Errors,
};

/// The page that `input` means, or the `compile_error!`s.
pub(crate) fn page(input: &Input, mut errors: Errors) -> Result<Page, proc_macro2::TokenStream> {
    let item = check_item(&input.item, &mut errors);
    if let Some(item) = item {
        check_attr(&input.attr, item, &mut errors);
    }
    check_field_names(&input.fields, &mut errors);
    let fields: Vec<_> = input
        .fields
        .iter()
        .map(|field| check_field(field, &mut errors))
        .collect();
    let route = input
        .attr
        .route
        .as_ref()
        .and_then(|route| Some((route, check_route(route, &mut errors)?)));
    if let Some((route, segments)) = &route {
        check_params(route, segments, input, &fields, &mut errors);
    }
    check_shared_keys(&fields, &mut errors);
    errors.finish()?;
    match (item, route) {
        (Some(item), Some((route, segments))) => Ok(Page {
            item: item.clone(),
            route: route.clone(),
            segments,
            fields: fields.into_iter().flatten().collect(),
        }),
        _ => unreachable!("both were reported above"),
    }
}

/// A page is a struct with named fields, or with none, and no generics.
fn check_item<'a>(item: &'a Item, errors: &mut Errors) -> Option<&'a ItemStruct> {
    let item = match item {
        Item::Struct(item) => item,
        Item::Enum(item) => {
            errors.at(
                item.enum_token,
                format!(
                    "a page is a struct with named fields; make `{}` a struct, and keep the enum in a field",
                    item.ident
                ),
            );
            return None;
        }
        other => {
            errors.at(
                other,
                "`#[via::page]` belongs on a struct; move it to the page's",
            );
            return None;
        }
    };
    if let Fields::Unnamed(fields) = &item.fields {
        errors.at(
            fields,
            format!(
                "the fields of a page have names; write `struct {} {{ .. }}`",
                item.ident
            ),
        );
    }
    if !item.generics.params.is_empty() {
        errors.at(
            &item.generics,
            format!(
                "a page cannot be generic: its state is stored under one type; remove the parameters of `{}`",
                item.ident
            ),
        );
    }
    Some(item)
}

/// The page attribute takes the route, and nothing else.
fn check_attr(attr: &PageAttr, item: &ItemStruct, errors: &mut Errors) {
    let name = name_of(&item.ident);
    if attr.route.is_none() && !attr.unknown.iter().any(|unknown| unknown.first) {
        errors.at(
            &item.ident,
            format!(
                "`{name}` has no route; write it in the attribute: `#[via::page(\"/{}\")]`",
                name.to_lowercase()
            ),
        );
    }
    for unknown in &attr.unknown {
        let token = &unknown.token;
        if unknown.first {
            errors.at(
                token,
                "the route comes first, as a string literal: `#[via::page(\"/todo/{id}\")]`",
            );
        } else {
            errors.at(
                token,
                format!("unknown option `{token}`; `#[via::page]` takes the route alone"),
            );
        }
    }
}

/// No two fields have one name.
fn check_field_names(fields: &[FieldInput], errors: &mut Errors) {
    for (place, field) in fields.iter().enumerate() {
        let earlier = &fields[..place];
        if earlier.iter().any(|other| other.is_in_the_way_of(field)) {
            errors.at(
                &field.ident,
                format!("two fields are named `{}`; rename one", field.ident),
            );
        }
    }
}

fn check_field(field: &FieldInput, errors: &mut Errors) -> Option<Field> {
    let name = name_of(&field.ident);
    if let Some((attr, role)) = &field.misspelled {
        let written = attr.path();
        errors.at(
            written,
            format!(
                "unknown attribute `{}`; write `{}`",
                quote!(#written),
                role.name()
            ),
        );
        return None;
    }
    let Some(attr) = field.attrs.first() else {
        errors.at(
            &field.ident,
            format!(
                "`{name}` needs an attribute: `#[state]` (kept by the server), `#[signal]` (held by the browser) or `#[param]` (part of the route)"
            ),
        );
        return None;
    };
    for other in &field.attrs[1..] {
        errors.at(
            &other.attr,
            format!(
                "`{name}` has `#[{}]` already; a field is one thing, so keep one of the two",
                attr.role.name()
            ),
        );
    }
    if let Type::Reference(reference) = &field.ty {
        errors.at(
            reference,
            format!("`{name}` borrows its value; take an owned type such as `String`"),
        );
    }
    let kind = match attr.role {
        Role::State => state_options::kind(attr, &name, errors),
        Role::Signal | Role::Param => check_options(attr, errors),
    };
    if attr.role == Role::Signal {
        check_signal_name(field, &name, errors);
    }
    Some(Field {
        ident: field.ident.clone(),
        ty: field.ty.clone(),
        cfgs: cfgs(&field.others),
        kind,
    })
}

/// Each option is one that the attribute takes, is there once and has a value where it needs one.
fn check_options(attr: &FieldAttr, errors: &mut Errors) -> Kind {
    let (mut tab, mut local, mut default) = (None, None, None);
    for option in &attr.options {
        let name = option.name.to_string();
        let seen = match (attr.role, name.as_str()) {
            (Role::Signal, "tab") => &mut tab,
            (Role::Signal, "local") => &mut local,
            (Role::Signal, "default") => &mut default,
            _ => {
                errors.at(&option.name, unknown_option(attr.role, &name));
                continue;
            }
        };
        if seen.is_some() {
            errors.at(
                &option.name,
                format!("`{name}` is given twice; remove one of the two"),
            );
            continue;
        }
        *seen = Some(option);
        match (&option.value, name == "default") {
            (Some(value), false) => errors.at(
                value,
                format!(
                    "`{name}` takes no value; write `#[{}({name})]`",
                    attr.role.name()
                ),
            ),
            (None, true) => errors.at(
                &option.name,
                "`default` has no value; write `default = ..`, or nothing for the type's own",
            ),
            _ => {}
        }
    }
    if let (Some(tab), Some(_)) = (tab, local) {
        errors.at(
            &tab.name,
            "a signal that is `local` never leaves the browser, so it cannot be `tab`; remove one of the two",
        );
    }
    let default = default.and_then(|option: &FieldOption| option.value.clone());
    match (attr.role, tab, local) {
        (Role::Signal, _, Some(_)) => Kind::Signal(SignalScope::Local, default),
        (Role::Signal, Some(_), None) => Kind::Signal(SignalScope::Tab, default),
        (Role::Signal, None, None) => Kind::Signal(SignalScope::Session, default),
        (Role::State | Role::Param, ..) => Kind::Param,
    }
}

fn unknown_option(role: Role, name: &str) -> String {
    match (role, name) {
        (Role::Param, _) => "`#[param]` takes no options; remove them".to_owned(),
        (_, "app" | "shared" | "ttl" | "key" | "rename" | "version" | "migrate") => format!(
            "`{name}` is an option of `#[state]`; what the browser holds belongs to the session or to a tab"
        ),
        _ => {
            format!("unknown option `{name}`; `#[signal]` takes `tab`, `local` and `default = ..`")
        }
    }
}

/// A signal has its name in the browser too, where more is reserved than in Rust.
fn check_signal_name(field: &FieldInput, name: &str, errors: &mut Errors) {
    let reason = if is_hidden_by_a_method(name) {
        "hides behind a method that every Rust value has"
    } else if name.starts_with('_') {
        "begins with `_`, and the browser keeps such signals to itself"
    } else if name.contains("__") {
        "has `__` in it, which separates modifiers in an attribute"
    } else if !name.is_ascii() {
        "has letters in it that are not ASCII"
    } else {
        return;
    };
    errors.at(
        &field.ident,
        format!("the signal `{name}` {reason}; rename it"),
    );
}

fn check_route(route: &LitStr, errors: &mut Errors) -> Option<Vec<Segment>> {
    match segments::route(&route.value()) {
        Ok(segments) => Some(segments),
        Err(messages) => {
            for message in messages {
                errors.at(route, message);
            }
            None
        }
    }
}

/// Every `{name}` of the route has one `#[param]` field, and the reverse.
fn check_params(
    route: &LitStr,
    segments: &[Segment],
    input: &Input,
    fields: &[Option<Field>],
    errors: &mut Errors,
) {
    for param in segments::params(segments) {
        let mut named = input
            .fields
            .iter()
            .zip(fields)
            .filter(|(field, _)| name_of(&field.ident) == param)
            .peekable();
        if named.peek().is_none() {
            if matches!(input.item, Item::Struct(_)) {
                errors.at(
                    route,
                    format!(
                        "`{{{param}}}` has no field; add `#[param] {param}: String`, or another type"
                    ),
                );
            }
        } else if let Some((input, _)) = named.find(|(_, field)| is_no_param(field.as_ref())) {
            errors.at(
                &input.attrs[0].attr,
                format!("`{param}` is `{{{param}}}` of the route; write `#[param]`"),
            );
        }
    }
    for field in fields.iter().flatten() {
        let name = field.name();
        if matches!(field.kind, Kind::Param)
            && segments::params(segments).all(|param| param != name)
        {
            errors.at(
                &field.ident,
                format!(
                    "`{name}` is not in the route; write `{{{name}}}` into it, or make the field `#[state]`"
                ),
            );
        }
    }
}

/// The placeholders of shared keys are parameters of the page.
fn check_shared_keys(fields: &[Option<Field>], errors: &mut Errors) {
    let fields = || fields.iter().flatten();
    let is_param = |name: &str| {
        fields().any(|field| matches!(field.kind, Kind::Param) && field.name() == name)
    };
    for field in fields() {
        for param in segments::params(field.segments()) {
            if !is_param(param) {
                errors.at(
                    field.written_key(),
                    format!(
                        "`{{{param}}}` is not a parameter of this page; write `{{{param}}}` into the route and add a field such as `#[param] {param}: String`"
                    ),
                );
            }
        }
    }
}

/// A field that is broken may become a parameter once it is repaired.
fn is_no_param(field: Option<&Field>) -> bool {
    field.is_some_and(|field| !matches!(field.kind, Kind::Param))
}
