//! Turns the syntax of a type into its model, and reports all errors in it at once.

use proc_macro2::TokenStream;
use syn::{Data, DataEnum, DataStruct, DeriveInput, Fields, Type};

use super::model::{Content, Shape, Value, Variant};
use crate::errors::Errors;

/// The model of the type, or a `compile_error!` for every error.
pub(crate) fn value(item: &DeriveInput) -> Result<Value, TokenStream> {
    let mut errors = Errors::new();
    check_generics(item, &mut errors);
    let shape = match &item.data {
        Data::Struct(data) => check_struct(item, data, &mut errors),
        Data::Enum(data) => check_enum(item, data, &mut errors),
        Data::Union(data) => {
            errors.at(
                data.union_token,
                format!(
                    "a union cannot be encoded because it does not record which field it holds; make `{}` an enum",
                    item.ident
                ),
            );
            None
        }
    };
    errors.finish()?;
    match shape {
        Some(shape) => Ok(Value {
            ident: item.ident.clone(),
            shape,
        }),
        None => unreachable!("a missing shape was reported above"),
    }
}

fn check_generics(item: &DeriveInput, errors: &mut Errors) {
    if !item.generics.params.is_empty() {
        errors.at(
            &item.generics,
            format!(
                "`SignalValue` cannot be derived for a generic type; remove the parameters of `{}`, or implement `SignalValue` by hand",
                item.ident
            ),
        );
    }
}

/// A struct has named fields, or is a newtype.
fn check_struct(item: &DeriveInput, data: &DataStruct, errors: &mut Errors) -> Option<Shape> {
    let name = &item.ident;
    let content = content(&data.fields, errors);
    match &content {
        Content::Unit => errors.at(
            name,
            format!(
                "`{name}` has no fields to send; give it named fields, as in `struct {name} {{ .. }}`"
            ),
        ),
        Content::List(_) => errors.at(
            &data.fields,
            format!("the fields of a signal type need names; write `struct {name} {{ .. }}`"),
        ),
        Content::One(_) | Content::Object(_) => return Some(Shape::Struct(content)),
    }
    None
}

fn check_enum(item: &DeriveInput, data: &DataEnum, errors: &mut Errors) -> Option<Shape> {
    if data.variants.is_empty() {
        errors.at(
            &item.ident,
            format!(
                "`{}` has no variants, so no signal can hold a value of it; add a variant",
                item.ident
            ),
        );
        return None;
    }
    let variants = data.variants.iter().map(|variant| Variant {
        ident: variant.ident.clone(),
        content: content(&variant.fields, errors),
    });
    Some(Shape::Enum(variants.collect()))
}

fn content(fields: &Fields, errors: &mut Errors) -> Content {
    for field in fields {
        if let Type::Reference(reference) = &field.ty {
            let name = field
                .ident
                .as_ref()
                .map_or("this field".to_owned(), |ident| format!("`{ident}`"));
            errors.at(
                reference,
                format!("the type of {name} is a reference; use an owned type such as `String`"),
            );
        }
    }
    let types = || fields.iter().map(|field| field.ty.clone());
    match fields {
        Fields::Unit => Content::Unit,
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            Content::One(Box::new(fields.unnamed[0].ty.clone()))
        }
        Fields::Unnamed(_) => Content::List(types().collect()),
        Fields::Named(fields) => Content::Object(
            fields
                .named
                .iter()
                .filter_map(|field| Some((field.ident.clone()?, field.ty.clone())))
                .collect(),
        ),
    }
}
