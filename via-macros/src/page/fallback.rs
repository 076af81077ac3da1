//! Generates a stub of a page with errors, so that rustc reports only those errors.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Fields, Item, Lifetime, Type};

use super::{
    expand::{handles, signal_method},
    parse::{FieldInput, Input, Role},
};
use crate::emit::{cfgs, name_of, unnamed_block};

/// The struct and a stub of a page, so that uses of the page do not cause more errors.
pub(crate) fn page(input: &Input, errors: &TokenStream) -> TokenStream {
    let item = without_follow_ups(input);
    let (ident, visibility, generics) = match &input.item {
        Item::Struct(item) => (&item.ident, &item.vis, &item.generics),
        Item::Enum(item) => (&item.ident, &item.vis, &item.generics),
        _ => return quote!(#errors #item),
    };
    if !generics.params.is_empty() {
        return quote!(#errors #item);
    }
    let may_be_signal = |field: &&FieldInput| {
        field.attrs.is_empty() || field.attrs.iter().any(|attr| attr.role == Role::Signal)
    };
    let signals = input
        .fields
        .iter()
        .filter(|field| !field.repeated)
        .filter(may_be_signal)
        .map(|field| {
            signal_method(
                &field.ident,
                &owned(&field.ty),
                &cfgs(&field.others),
                &quote!(new),
            )
        });
    let handles = handles(ident, visibility, signals);
    let name = name_of(ident);
    let block = unnamed_block(&quote! {
        #handles

        #[automatically_derived]
        impl ::via::__private::Page for #ident {
            const DESCRIPTOR: &'static ::via::__private::PageDescriptor =
                &::via::__private::PageDescriptor {
                    name: #name,
                    route: "",
                    segments: &[],
                    module: ::core::module_path!(),
                    fields: &[],
                };

            type Handles = __Handles;

            fn read(
                _: &mut ::via::__private::FieldReader<'_>,
            ) -> ::core::result::Result<Self, ::via::__private::ReadError> {
                ::core::unreachable!()
            }

            fn write(&self, _: &mut ::via::__private::FieldWriter) {}

            fn actions() -> &'static [::via::__private::ActionEntry<Self>] {
                &[]
            }
        }
    });
    quote! {
        #errors
        #item
        #block
    }
}

/// The user's item, without the parts that rustc would report a second time.
fn without_follow_ups(input: &Input) -> TokenStream {
    let Item::Struct(item) = &input.item else {
        return input.item.to_token_stream();
    };
    let mut item = item.clone();
    if let Fields::Named(named) = &mut item.fields {
        named.named = named
            .named
            .iter()
            .zip(&input.fields)
            .filter(|(_, input)| !input.repeated)
            .map(|(field, _)| syn::Field {
                ty: owned(&field.ty),
                ..field.clone()
            })
            .collect();
    }
    item.into_token_stream()
}

/// Gives a lifetime to a reference without one.
fn owned(ty: &Type) -> Type {
    let mut ty = ty.clone();
    if let Type::Reference(reference) = &mut ty {
        reference
            .lifetime
            .get_or_insert_with(|| Lifetime::new("'static", reference.and_token.span));
    }
    ty
}
