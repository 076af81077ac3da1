//! `#[derive(via::SignalValue)]`.

mod check;
mod expand;
mod model;

use proc_macro2::TokenStream;

pub(crate) fn signal_value(item: TokenStream) -> TokenStream {
    let item = match syn::parse2(item) {
        Ok(item) => item,
        Err(error) => return error.to_compile_error(),
    };
    match check::value(&item) {
        Ok(value) => expand::value(&value),
        Err(errors) => expand::fallback(&item, &errors),
    }
}
