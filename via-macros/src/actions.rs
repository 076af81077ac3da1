//! `#[via::actions]`.

mod check;
mod expand;
mod model;
mod parse;

use proc_macro2::TokenStream;

use crate::errors::Errors;

pub(crate) fn actions(attr: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let Some(input) = parse::Input::parse(attr, item, &mut errors) else {
        return errors.finish().err().unwrap_or_default();
    };
    match check::block(&input, errors) {
        Ok(block) => expand::block(&block),
        Err(errors) => expand::fallback(&input, &errors),
    }
}
