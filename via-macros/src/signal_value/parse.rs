//! Tokens to syntax: what was written, nothing decided.

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::errors::Errors;

/// The input of `#[derive(via::SignalValue)]`.
pub(crate) struct Input {
    /// What it stands on.
    pub(crate) item: DeriveInput,
}

impl Input {
    pub(crate) fn parse(item: TokenStream, errors: &mut Errors) -> Option<Self> {
        match syn::parse2(item) {
            Ok(item) => Some(Self { item }),
            Err(error) => {
                errors.push(error);
                None
            }
        }
    }
}
