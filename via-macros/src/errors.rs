//! [`Errors`]: all errors in one input, so that one compilation reports them all.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// Collects the errors in one input.
///
/// A message starts in lowercase, names the thing and then the fix, and stands under the tokens that
/// must change.
#[derive(Debug)]
pub(crate) struct Errors {
    found: Vec<syn::Error>,
    checked: bool,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Self {
            found: Vec::new(),
            checked: false,
        }
    }

    /// Reports `message` under all of `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Reports an error of `syn`, which has its own span.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.found.push(error);
    }

    /// `Ok` if there are no errors; otherwise a `compile_error!` for each.
    pub(crate) fn finish(mut self) -> Result<(), TokenStream> {
        self.checked = true;
        if self.found.is_empty() {
            return Ok(());
        }
        Err(self
            .found
            .iter()
            .map(syn::Error::to_compile_error)
            .collect())
    }
}

#[cfg(test)]
impl Drop for Errors {
    fn drop(&mut self) {
        assert!(
            self.checked || std::thread::panicking(),
            "`Errors` was dropped without `finish`"
        );
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn all_errors_are_reported_in_order() {
        let mut errors = Errors::new();
        errors.at(quote!(a), "first");
        errors.at(quote!(b), "second");
        let output = errors.finish().unwrap_err().to_string();
        assert!(output.find("first").unwrap() < output.find("second").unwrap());
    }

    #[test]
    #[should_panic(expected = "without `finish`")]
    fn dropping_unfinished_errors_fails_the_test() {
        drop(Errors::new());
    }
}
