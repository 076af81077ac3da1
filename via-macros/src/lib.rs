//! Procedural macros of `via`; use them through the `via` crate.

mod actions;
mod emit;
mod errors;
mod page;
#[cfg(test)]
mod snapshots;

use proc_macro::TokenStream;

#[doc = include_str!("../docs/page.md")]
#[proc_macro_attribute]
pub fn page(attr: TokenStream, item: TokenStream) -> TokenStream {
    page::page(attr.into(), item.into()).into()
}

#[doc = include_str!("../docs/actions.md")]
#[proc_macro_attribute]
pub fn actions(attr: TokenStream, item: TokenStream) -> TokenStream {
    actions::actions(attr.into(), item.into()).into()
}
