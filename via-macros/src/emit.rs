//! Names, spans and literals of generated code.
//!
//! Generated code names only `::via::__private`, `::core` and the user's own items. Its local
//! variables are hygienic (`mixed_site`), so they cannot collide with the user's. A call that can
//! fail to compile because of a user's type has the span of that type, so the error stands there.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, ext::IdentExt};

/// A local variable of generated code.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Hygienic like [`local`], but errors stand at `span`.
pub(crate) fn at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// The name without `r#`, as the browser and the store use it.
pub(crate) fn name_of(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// The `#[cfg(..)]`s of a field or function. Code that is generated for it needs them too.
pub(crate) fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg"))
        .cloned()
        .collect()
}

/// The block around generated items. Code outside cannot name them, and the user's lints do not
/// apply to them.
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

/// The tokens as text, with spaces only between two words.
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

/// What is wrong with the name of a signal or of an action, which is a method of the page's handles.
pub(crate) fn handle_name_problem(name: &str) -> Option<&'static str> {
    // Rust finds these on `&Cx` before it looks at the handles.
    const OF_CX: [&str; 6] = [
        "clone",
        "clone_into",
        "into",
        "principal",
        "to_owned",
        "try_into",
    ];
    if OF_CX.contains(&name) {
        Some("has the name of a method that `cx` already has")
    } else if !name.is_ascii() {
        Some("contains letters that are not ASCII")
    } else {
        None
    }
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
