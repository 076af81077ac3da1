//! Turns the syntax of a page into its model, and reports all errors in it at once.

use proc_macro2::Ident;
use quote::quote;
use syn::{Fields, Item, ItemStruct, LitStr, Type};

use super::{
    model::{Field, Kind, Page, SignalScope},
    options::{Name, Options},
    parse::{FieldInput, Input, PageAttr, Role},
    segments::{self, Segment},
    state_options,
};
use crate::{
    emit::{cfgs, handle_name_problem, name_of},
    errors::Errors,
};

/// The model of the page, or a `compile_error!` for every error.
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
        _ => unreachable!("a missing one was reported above"),
    }
}

/// A page is a struct with named fields or without fields, and it is not generic.
fn check_item<'a>(item: &'a Item, errors: &mut Errors) -> Option<&'a ItemStruct> {
    let item = match item {
        Item::Struct(item) => item,
        Item::Enum(item) => {
            errors.at(
                item.enum_token,
                format!(
                    "a page must be a struct with named fields; make `{}` a struct and put the enum into one of its fields",
                    item.ident
                ),
            );
            return None;
        }
        other => {
            errors.at(
                other,
                "`#[via::page]` works on structs only; move it to the struct of the page",
            );
            return None;
        }
    };
    if let Fields::Unnamed(fields) = &item.fields {
        errors.at(
            fields,
            format!(
                "the fields of a page need names; write `struct {} {{ .. }}`",
                item.ident
            ),
        );
    }
    if !item.generics.params.is_empty() {
        errors.at(
            &item.generics,
            format!(
                "a page cannot be generic because its state is stored under one type; remove the parameters of `{}`",
                item.ident
            ),
        );
    }
    Some(item)
}

/// The page attribute takes the route and no other argument.
fn check_attr(attr: &PageAttr, item: &ItemStruct, errors: &mut Errors) {
    let name = name_of(&item.ident);
    if attr.route.is_none() && !attr.unknown.iter().any(|unknown| unknown.first) {
        errors.at(
            &item.ident,
            format!(
                "`{name}` has no route; write one in the attribute, such as `#[via::page(\"/{}\")]`",
                name.to_lowercase()
            ),
        );
    }
    for unknown in &attr.unknown {
        let token = &unknown.token;
        if unknown.first {
            errors.at(
                token,
                "the first argument must be the route as a string literal; write one such as `#[via::page(\"/todo/{id}\")]`",
            );
        } else {
            errors.at(
                token,
                format!("unknown option `{token}`; remove it, because `#[via::page]` takes only the route"),
            );
        }
    }
}

/// No two fields have the same name.
fn check_field_names(fields: &[FieldInput], errors: &mut Errors) {
    for field in fields.iter().filter(|field| field.repeated) {
        errors.at(
            &field.ident,
            format!("two fields are named `{}`; rename one", field.ident),
        );
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
                "`{name}` already has `#[{}]`; a field takes one of these attributes, so remove one of the two",
                attr.role.name()
            ),
        );
    }
    if let Type::Reference(reference) = &field.ty {
        errors.at(
            reference,
            format!("the type of `{name}` is a reference; use an owned type such as `String`"),
        );
    }
    let options = Options::collect(attr, errors);
    let kind = match attr.role {
        Role::State => state_options::kind(&options, &name, errors),
        Role::Signal => {
            check_signal_name(&field.ident, &name, errors);
            signal_kind(&options, errors)
        }
        Role::Param => Kind::Param,
    };
    Some(Field {
        ident: field.ident.clone(),
        ty: field.ty.clone(),
        cfgs: cfgs(&field.others),
        kind,
    })
}

fn signal_kind(options: &Options<'_>, errors: &mut Errors) -> Kind {
    let (tab, local) = (options.get(Name::Tab), options.get(Name::Local));
    if let (Some(tab), Some(_)) = (tab, local) {
        errors.at(
            &tab.name,
            "a `local` signal never leaves the browser, so it cannot also be `tab`; remove one of the two",
        );
    }
    let scope = match (tab, local) {
        (_, Some(_)) => SignalScope::Local,
        (Some(_), None) => SignalScope::Tab,
        (None, None) => SignalScope::Session,
    };
    Kind::Signal(scope, options.value(Name::Default).cloned())
}

/// The browser uses the name of a signal too, and reserves more names than Rust does.
fn check_signal_name(ident: &Ident, name: &str, errors: &mut Errors) {
    let problem = handle_name_problem(name).or_else(|| {
        if name.starts_with('_') {
            Some("starts with `_`, and the browser never sends such signals")
        } else if name.contains("__") {
            Some("contains `__`, which separates modifiers in an attribute")
        } else {
            None
        }
    });
    if let Some(problem) = problem {
        errors.at(
            ident,
            format!("the signal `{name}` {problem}; rename the field"),
        );
    }
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

/// Every `{name}` of the route has a `#[param]` field, and every such field is in the route.
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
                        "`{{{param}}}` has no field; add one such as `#[param] {param}: String`"
                    ),
                );
            }
        } else if let Some((input, _)) = named.find(|(_, field)| is_no_param(field.as_ref())) {
            errors.at(
                &input.attrs[0].attr,
                format!("`{param}` is a parameter of the route; write `#[param]`"),
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
                    "the route has no parameter `{{{name}}}`; add it to the route, or make the field `#[state]`"
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

/// Whether a field is certainly not a parameter; one with errors may become a parameter.
fn is_no_param(field: Option<&Field>) -> bool {
    field.is_some_and(|field| !matches!(field.kind, Kind::Param))
}
