//! `#[via::actions]`.

mod check;
mod expand;
mod model;

use proc_macro2::TokenStream;

pub(crate) fn actions(attr: &TokenStream, item: TokenStream) -> TokenStream {
    let item = match syn::parse2(item) {
        Ok(item) => item,
        Err(error) => return error.to_compile_error(),
    };
    match check::block(attr, &item) {
        Ok(block) => expand::block(&block),
        Err(errors) => expand::fallback(&item, &errors),
    }
}
