//! Tokens to syntax: what was written, nothing decided.

use proc_macro2::TokenStream;
use syn::{Item, ItemImpl};

use crate::errors::Errors;

/// The input of `#[via::actions]`.
pub(crate) struct Input {
    /// The arguments of the attribute, of which there should be none.
    pub(crate) attr: TokenStream,
    /// What it stands on.
    pub(crate) item: Item,
}

impl Input {
    pub(crate) fn parse(attr: TokenStream, item: TokenStream, errors: &mut Errors) -> Option<Self> {
        match syn::parse2(item) {
            Ok(item) => Some(Self { attr, item }),
            Err(error) => {
                errors.push(error);
                None
            }
        }
    }

    /// The `impl` block, if it is one.
    pub(crate) fn block(&self) -> Option<&ItemImpl> {
        match &self.item {
            Item::Impl(block) => Some(block),
            _ => None,
        }
    }
}
