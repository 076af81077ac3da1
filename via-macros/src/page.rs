//! `#[via::page]`.

mod check;
mod expand;
mod model;
mod parse;
mod segments;
mod state_options;

use proc_macro2::TokenStream;

use crate::errors::Errors;

pub(crate) fn page(attr: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let Some(input) = parse::Input::parse(attr, item, &mut errors) else {
        return errors.finish().err().unwrap_or_default();
    };
    match check::page(&input, errors) {
        Ok(page) => expand::page(&page),
        Err(errors) => expand::fallback(&input, &errors),
    }
}
