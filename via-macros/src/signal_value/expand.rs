//! Generates code from the model; cannot fail.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Type, spanned::Spanned};

use super::model::{Content, Shape, Value, Variant};
use crate::emit::{at, local, name_of, unnamed_block};

/// `impl SignalValue`.
pub(crate) fn value(value: &Value) -> TokenStream {
    let encode = encode(&value.shape);
    let decode = decode(&value.shape);
    let constants = match &value.shape {
        // A newtype is nullable if the type in it is, and is read in the same way.
        Shape::Struct(Content::One(ty)) => Some(quote_spanned! {at(ty.span())=>
            const NULLABLE: bool = <#ty as ::via::__private::SignalValue>::NULLABLE;
            const READING: ::via::__private::Reading =
                <#ty as ::via::__private::SignalValue>::READING;
        }),
        Shape::Enum(variants) if variants.iter().all(Variant::is_unit) => Some(quote! {
            const READING: ::via::__private::Reading = ::via::__private::Reading::Scalar;
        }),
        Shape::Struct(_) | Shape::Enum(_) => None,
    };
    implementation(&value.ident, constants.as_ref(), &encode, &decode)
}

/// A stub, so that uses of the type do not cause more errors.
pub(crate) fn fallback(item: &DeriveInput, errors: &TokenStream) -> TokenStream {
    if !item.generics.params.is_empty() {
        return errors.clone();
    }
    let unreachable = quote!(::core::unreachable!());
    let stub = implementation(&item.ident, None, &unreachable, &unreachable);
    quote!(#errors #stub)
}

fn implementation(
    ident: &Ident,
    constants: Option<&TokenStream>,
    encode: &TokenStream,
    decode: &TokenStream,
) -> TokenStream {
    let value = local("value");
    unnamed_block(&quote! {
        #[automatically_derived]
        impl ::via::__private::Equal for #ident {}

        #[automatically_derived]
        impl ::via::__private::SignalValue for #ident {
            #constants

            fn encode(&self) -> ::via::__private::Value {
                #encode
            }

            fn decode(
                #value: &::via::__private::Value,
            ) -> ::core::result::Result<Self, ::via::__private::SignalError> {
                #decode
            }
        }
    })
}

fn encode(shape: &Shape) -> TokenStream {
    match shape {
        Shape::Struct(content) => {
            let pattern = pattern(content);
            let encoded = encode_content(content);
            quote! {
                let Self #pattern = self;
                #encoded
            }
        }
        Shape::Enum(variants) => {
            let arms = variants.iter().map(|variant| {
                let Variant { ident, content } = variant;
                let name = variant.name();
                if let Content::Unit = content {
                    return quote! {
                        Self::#ident => <::via::__private::Value as ::core::convert::From<&str>>::from(#name)
                    };
                }
                let pattern = pattern(content);
                let encoded = encode_content(content);
                quote!(Self::#ident #pattern => ::via::__private::tagged(#name, #encoded))
            });
            quote!(match self { #(#arms,)* })
        }
    }
}

fn decode(shape: &Shape) -> TokenStream {
    let value = local("value");
    match shape {
        Shape::Struct(content) => decode_content(&quote!(Self), content, &value),
        Shape::Enum(variants) => {
            let tagged = local("tagged");
            let names = variants.iter().map(Variant::name);
            let arms = variants.iter().map(|variant| {
                let Variant { ident, content } = variant;
                let name = variant.name();
                if let Content::Unit = content {
                    return quote! {
                        #name => {
                            #tagged.unit()?;
                            ::core::result::Result::Ok(Self::#ident)
                        }
                    };
                }
                let decoded = decode_content(&quote!(Self::#ident), content, &value);
                quote!(#name => #tagged.content(|#value| { #decoded }))
            });
            quote! {
                let #tagged = ::via::__private::Tagged::of(#value, &[#(#names),*])?;
                match #tagged.name {
                    #(#arms,)*
                    _ => ::core::result::Result::Err(#tagged.unknown()),
                }
            }
        }
    }
}

/// The pattern that binds the fields: `{ owner: field_0, .. }`
fn pattern(content: &Content) -> TokenStream {
    let locals = locals(content);
    match content {
        Content::Unit => TokenStream::new(),
        Content::One(_) | Content::List(_) => quote!((#(#locals),*)),
        Content::Object(fields) => {
            let idents = fields.iter().map(|(ident, _)| ident);
            quote!({ #(#idents: #locals),* })
        }
    }
}

fn encode_content(content: &Content) -> TokenStream {
    let mut encoded = types(content)
        .into_iter()
        .zip(locals(content))
        .map(|(ty, local)| {
            quote_spanned! {at(ty.span())=>
                <#ty as ::via::__private::SignalValue>::encode(#local)
            }
        });
    match content {
        Content::Unit => TokenStream::new(),
        Content::One(_) => encoded.next().unwrap_or_default(),
        Content::List(_) => quote!(::via::__private::list([#(#encoded),*])),
        Content::Object(fields) => {
            let names = fields.iter().map(|(ident, _)| name_of(ident));
            quote!(::via::__private::object([#((#names, #encoded)),*]))
        }
    }
}

/// Decodes the fields from `value` and passes them to `constructor`.
fn decode_content(constructor: &TokenStream, content: &Content, value: &Ident) -> TokenStream {
    let parts = local("parts");
    let decoded = types(content).into_iter().map(|ty| {
        quote_spanned! {at(ty.span())=>
            <#ty as ::via::__private::SignalValue>::decode_part(#parts)?
        }
    });
    match content {
        Content::Unit => quote!(::core::result::Result::Ok(#constructor)),
        Content::One(ty) => {
            let decoded = quote_spanned! {at(ty.span())=>
                <#ty as ::via::__private::SignalValue>::decode(#value)?
            };
            quote!(::core::result::Result::Ok(#constructor(#decoded)))
        }
        Content::List(types) => {
            let length = types.len();
            quote! {
                let #parts = &mut ::via::__private::Parts::list(#value, #length)?;
                ::core::result::Result::Ok(#constructor(#(#decoded),*))
            }
        }
        Content::Object(fields) => {
            let idents = fields.iter().map(|(ident, _)| ident);
            let names = fields.iter().map(|(ident, _)| name_of(ident));
            quote! {
                let #parts = &mut ::via::__private::Parts::object(#value, &[#(#names),*])?;
                ::core::result::Result::Ok(#constructor { #(#idents: #decoded),* })
            }
        }
    }
}

fn types(content: &Content) -> Vec<&Type> {
    match content {
        Content::Unit => Vec::new(),
        Content::One(ty) => vec![ty],
        Content::List(types) => types.iter().collect(),
        Content::Object(fields) => fields.iter().map(|(_, ty)| ty).collect(),
    }
}

/// One local variable for each field; numbered, because fields can have any names.
fn locals(content: &Content) -> Vec<Ident> {
    (0..types(content).len())
        .map(|index| local(&format!("field_{index}")))
        .collect()
}
