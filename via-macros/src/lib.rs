//! Procedural macros of `via`; use them through the `via` crate.

mod actions;
mod emit;
mod errors;
mod page;
mod signal_value;
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
    actions::actions(&attr.into(), item.into()).into()
}

#[doc = include_str!("../docs/signal_value.md")]
#[proc_macro_derive(SignalValue)]
pub fn signal_value(item: TokenStream) -> TokenStream {
    signal_value::signal_value(item.into()).into()
}
