//! Generates code from the model; cannot fail.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Type, Visibility, spanned::Spanned};

use super::model::{Field, Kind, Page, SignalScope, StateScope};
use crate::emit::{at, local, name_of, unnamed_block};

/// The struct, and the code that makes it a page.
pub(crate) fn page(page: &Page) -> TokenStream {
    let item = &page.item;
    let signals = page.signals().map(|field| {
        let make = if matches!(field.kind, Kind::Signal(SignalScope::Local, _)) {
            quote!(local)
        } else {
            quote!(new)
        };
        signal_method(&field.ident, &field.ty, &field.cfgs, &make)
    });
    let handles = handles(&item.ident, &item.vis, signals);
    let clones = page.fields.iter().filter_map(is_clone);
    let keys = page
        .fields
        .iter()
        .filter_map(|field| has_own_key(field, &item.ident));
    let implementation = implementation(page);
    let assertion = has_a_view(&item.ident);
    let block = unnamed_block(&quote! {
        #handles
        #implementation
        #(#clones)*
        #(#keys)*
        #assertion
    });
    quote! {
        #item
        #block
    }
}

/// The handle of a signal: `cx.step()`.
pub(super) fn signal_method(
    ident: &Ident,
    ty: &Type,
    cfgs: &[Attribute],
    make: &TokenStream,
) -> TokenStream {
    let name = name_of(ident);
    quote! {
        #(#cfgs)*
        pub fn #ident(&self) -> ::via::__private::Signal<#ty> {
            ::via::__private::Signal::#make(#name)
        }
    }
}

/// The handles of the signals, which deref to the handles of the actions if there are any.
///
/// They name the page, so they have its visibility.
pub(super) fn handles(
    page: &Ident,
    visibility: &Visibility,
    methods: impl Iterator<Item = TokenStream>,
) -> TokenStream {
    quote! {
        #[derive(::core::default::Default)]
        #visibility struct __Handles;

        impl __Handles {
            #(#methods)*
        }

        #[automatically_derived]
        impl ::core::ops::Deref for __Handles {
            type Target = ::via::__private::ActionHandles<#page>;

            fn deref(&self) -> &Self::Target {
                &::via::__private::ActionHandles::NEW
            }
        }
    }
}

fn implementation(page: &Page) -> TokenStream {
    let ident = &page.item.ident;
    let name = page.name();
    let Page {
        route, segments, ..
    } = page;
    let fields = local("fields");
    let descriptors = page.fields.iter().map(|field| descriptor(field, &name));
    let reads = page.fields.iter().map(|field| read(field, &fields));
    let writes = page.fields.iter().map(|field| write(field, &fields));
    quote! {
        #[automatically_derived]
        impl ::via::__private::Page for #ident {
            const DESCRIPTOR: &'static ::via::__private::PageDescriptor =
                &::via::__private::PageDescriptor {
                    name: #name,
                    route: #route,
                    segments: &[#(#segments),*],
                    module: ::core::module_path!(),
                    fields: &[#(#descriptors),*],
                };

            type Handles = __Handles;

            fn read(
                #fields: &mut ::via::__private::FieldReader<'_>,
            ) -> ::core::result::Result<Self, ::via::__private::ReadError> {
                ::core::result::Result::Ok(Self { #(#reads),* })
            }

            fn write(&self, #fields: &mut ::via::__private::FieldWriter) {
                #(#writes)*
            }

            fn actions() -> &'static [::via::__private::ActionEntry<Self>] {
                use ::via::__private::{WithActions as _, WithoutActions as _};
                (&::via::__private::Probe::<Self>::NEW).table()
            }
        }
    }
}

fn descriptor(field: &Field, page: &str) -> TokenStream {
    let cfgs = &field.cfgs;
    let name = field.name();
    let key = field.key(page);
    let segments = field.segments();
    let type_name = field.type_name();
    let ty = type_info(field);
    let version = match &field.kind {
        Kind::State(state) => state.version,
        Kind::Signal(..) | Kind::Param => 1,
    };
    let kind = match &field.kind {
        Kind::State(state) => {
            let scope = match &state.scope {
                StateScope::Session => quote!(Session),
                StateScope::Tab => quote!(Tab),
                StateScope::App => quote!(App),
                StateScope::Shared { ttl: None, .. } => {
                    quote!(Shared {
                        ttl: ::core::option::Option::None
                    })
                }
                StateScope::Shared { ttl: Some(ttl), .. } => {
                    quote!(Shared { ttl: ::core::option::Option::Some(#ttl) })
                }
            };
            quote!(State(::via::__private::StateScope::#scope))
        }
        Kind::Signal(scope, _) => {
            let scope = match scope {
                SignalScope::Session => quote!(Session),
                SignalScope::Tab => quote!(Tab),
                SignalScope::Local => quote!(Local),
            };
            quote!(Signal(::via::__private::SignalScope::#scope))
        }
        Kind::Param => quote!(Param),
    };
    quote! {
        #(#cfgs)*
        ::via::__private::FieldDescriptor {
            name: #name,
            key: #key,
            segments: &[#(#segments),*],
            kind: ::via::__private::FieldKind::#kind,
            type_name: #type_name,
            version: #version,
            ty: #ty,
        }
    }
}

/// The function that describes a stored type at run time.
fn type_info(field: &Field) -> TokenStream {
    let ty = &field.ty;
    let of = match field.kind {
        Kind::State(..) => quote!(StateDecode),
        Kind::Signal(..) => quote!(SignalValue),
        Kind::Param => return quote!(::core::option::Option::None),
    };
    quote_spanned!(at(ty.span())=>
        ::core::option::Option::Some(<#ty as ::via::__private::#of>::describe)
    )
}

fn read(field: &Field, fields: &Ident) -> TokenStream {
    let Field {
        ident,
        ty,
        cfgs,
        kind,
    } = field;
    let span = at(ty.span());
    let value = match kind {
        Kind::State(state) => {
            let default = default_of(ty, state.default.as_ref());
            let migrations = migrations(ty, &state.migrations);
            quote_spanned! {span=>
                <#ty as ::via::__private::StateDecode>::read_field(#fields, #default, &[#(#migrations),*])
            }
        }
        Kind::Signal(_, default) => {
            let default = default_of(ty, default.as_ref());
            let of = quote_spanned!(span=> <#ty as ::via::__private::SignalValue>);
            quote_spanned!(span=> #fields.signal(#of::decode, #of::encode, #default)?)
        }
        Kind::Param => {
            quote_spanned!(span=> <#ty as ::via::__private::Param>::read_field(#fields)?)
        }
    };
    quote!(#(#cfgs)* #ident: #value)
}

/// For each older version a function from its stored form to the type of the field. It calls all
/// later steps in turn, so that the compiler checks each step against the next.
fn migrations(ty: &Type, steps: &[syn::Expr]) -> impl Iterator<Item = TokenStream> {
    let (json, new) = (local("json"), local("new"));
    (0..steps.len()).map(move |first| {
        let old = quote!(::via::__private::StateDecode::from_json(#json)?);
        // With the user's own span, so that the error of a step with another type stands at it alone.
        let call = |value, step: &syn::Expr| quote_spanned!(step.span()=> (#step)(#value));
        let value = steps[first..].iter().fold(old, call);
        quote! {
            |#json| {
                let #new: #ty = #value;
                ::core::result::Result::Ok(#new)
            }
        }
    })
}

/// The default as a closure, so that a `return` in the user's expression cannot leave `read`.
fn default_of(ty: &Type, default: Option<&syn::Expr>) -> TokenStream {
    match default {
        Some(default) => quote_spanned!(at(default.span())=> || #default),
        None => {
            quote_spanned!(at(ty.span())=> <#ty as ::via::__private::HasDefault>::default_value)
        }
    }
}

fn write(field: &Field, fields: &Ident) -> TokenStream {
    let Field {
        ident,
        ty,
        cfgs,
        kind,
    } = field;
    // `self` is hygienic too, so it takes the span of the method that binds it.
    let value = quote!(&self.#ident);
    let span = at(ty.span());
    let write = match kind {
        Kind::State(..) => {
            quote_spanned!(span=> <#ty as ::via::__private::StateEncode>::write_field(#value, #fields))
        }
        Kind::Signal(..) => {
            quote_spanned!(span=> #fields.signal(<#ty as ::via::__private::SignalValue>::encode(#value)))
        }
        Kind::Param => quote!(#fields.param(#value)),
    };
    quote!(#(#cfgs)* #write;)
}

/// Fails at the type of a state field that is not `Clone`. The code that reads and writes the field
/// checks the other bounds.
fn is_clone(field: &Field) -> Option<TokenStream> {
    let Field { ty, cfgs, .. } = field;
    matches!(field.kind, Kind::State(..)).then(|| {
        quote_spanned! {ty.span()=>
            #(#cfgs)*
            const _: () = <#ty as ::via::__private::StateClone<#ty>>::IS_CLONE;
        }
    })
}

/// Fails at a key in an attribute if another field of the page can be kept under it. `via` decides
/// this, as it does for the fields of two pages.
fn has_own_key(field: &Field, page: &Ident) -> Option<TokenStream> {
    let literal = field.written_key()?;
    let cfgs = &field.cfgs;
    let name = field.name();
    let message = format!(
        "another field of this page can be kept under the key of `{name}`; write another key"
    );
    Some(quote_spanned! {literal.span()=>
        #(#cfgs)*
        const _: () = ::via::__private::assert_own_key(
            <#page as ::via::__private::Page>::DESCRIPTOR,
            #name,
            #message,
        );
    })
}

/// Fails at the name of the struct if the page has no `View`.
fn has_a_view(ident: &Ident) -> TokenStream {
    quote_spanned! {at(ident.span())=>
        const _: fn(&#ident, &::via::__private::Cx<#ident>) -> ::via::__private::Markup =
            <#ident as ::via::__private::View>::view;
    }
}
