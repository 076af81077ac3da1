//! `#[via::page]`.

mod check;
mod expand;
mod fallback;
mod model;
mod options;
mod parse;
mod segments;
mod state_options;

use proc_macro2::TokenStream;

use crate::errors::Errors;

pub(crate) fn page(attr: TokenStream, item: TokenStream) -> TokenStream {
    let item = match syn::parse2(item) {
        Ok(item) => item,
        Err(error) => return error.to_compile_error(),
    };
    let mut errors = Errors::new();
    let input = parse::Input::parse(attr, item, &mut errors);
    match check::page(&input, errors) {
        Ok(page) => expand::page(&page),
        Err(errors) => fallback::page(&input, &errors),
    }
}
