//! `#[derive(via::SignalValue)]`.

mod check;
mod expand;
mod model;
mod parse;

use proc_macro2::TokenStream;

use crate::errors::Errors;

pub(crate) fn signal_value(item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let Some(input) = parse::Input::parse(item, &mut errors) else {
        return errors.finish().err().unwrap_or_default();
    };
    match check::value(&input, errors) {
        Ok(value) => expand::value(&value),
        Err(errors) => expand::fallback(&input, &errors),
    }
}
