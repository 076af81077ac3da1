//! Names, spans and literals of generated code.
//!
//! Generated code names only `::via::__private`, `::core` and what the user wrote. Its locals are
//! at `mixed_site`, so that they and the user's never mix; a call that a user's type can make fail
//! has the span of that type, so that the error stands there.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, ext::IdentExt};

/// A local of generated code.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Hygienic like [`local`], but errors are shown at `span`.
pub(crate) fn at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// The name without `r#`, as the browser and the store know it.
pub(crate) fn name_of(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// The `#[cfg(..)]`s of a field or function: what is generated for it needs them too.
pub(crate) fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg"))
        .cloned()
        .collect()
}

/// The block that generated items stand in: nothing of it can be named from outside, and what the
/// user's lints say of hand-written code is not said of it.
pub(crate) fn unnamed_block(items: &TokenStream) -> TokenStream {
    quote! {
        #[doc(hidden)]
        #[allow(
            dead_code,
            deprecated,
            missing_debug_implementations,
            missing_docs,
            private_bounds,
            private_interfaces,
            unreachable_code,
            unreachable_pub,
            unused_qualifications,
            unused_variables,
            clippy::all,
            clippy::nursery,
            clippy::pedantic,
            reason = "generated code"
        )]
        const _: () = {
            #items
        };
    }
}

/// The tokens as text without spaces, beside those that keep two words apart.
pub(crate) fn compact(tokens: &impl ToTokens) -> String {
    let mut text = String::new();
    write_compact(tokens.to_token_stream(), &mut text);
    text
}

fn write_compact(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write_compact(group.stream(), text);
                text.push_str(close);
            }
            token => {
                let word = token.to_string();
                let is_word = |c: char| c.is_alphanumeric() || c == '_';
                if text.ends_with(is_word) && word.starts_with(is_word) {
                    text.push(' ');
                }
                text.push_str(&word);
            }
        }
    }
}

/// Whether a name is a method that Rust finds on every `&Cx` before the page's own.
pub(crate) fn is_hidden_by_a_method(name: &str) -> bool {
    matches!(
        name,
        "clone" | "clone_into" | "into" | "principal" | "to_owned" | "try_into"
    )
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn types_are_written_without_spaces() {
        for (tokens, text) in [
            (quote!(Option<i64>), "Option<i64>"),
            (
                quote!(std::collections::BTreeMap<String, Vec<(u8, [i8; 4])>>),
                "std::collections::BTreeMap<String,Vec<(u8,[i8;4])>>",
            ),
            (quote!(Box<dyn Any + Send>), "Box<dyn Any+Send>"),
            (quote!(&'static str), "&'static str"),
        ] {
            assert_eq!(compact(&tokens), text);
        }
    }
}
