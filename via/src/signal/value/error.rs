//! Why a value cannot be a signal's.

use std::fmt;

/// What is wrong with a signal's value, as the end of a sentence: "must be a whole number".
///
/// An error in a part of a value knows the way to it:
///
/// ```
/// use via::{SignalValue, signal::SignalError};
///
/// let error = Vec::<bool>::decode(&serde_json::json!([true, 7])).unwrap_err();
/// assert_eq!(error, SignalError::new("must be true or false").in_item(1));
/// assert_eq!(error.to_string(), "`[1]` must be true or false");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalError {
    /// `.owner[3]`
    path: String,
    reason: String,
}

impl SignalError {
    /// An error that ends the sentence "`name` ..".
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            reason: reason.into(),
        }
    }

    /// The same error, in the field of that name.
    #[must_use]
    pub fn in_field(mut self, name: &str) -> Self {
        self.path.insert_str(0, name);
        self.path.insert(0, '.');
        self
    }

    /// The same error, in the item at that index.
    #[must_use]
    pub fn in_item(mut self, index: usize) -> Self {
        self.path.insert_str(0, &format!("[{index}]"));
        self
    }

    /// The path and the reason, in a signal of that name.
    pub(crate) fn of(self, signal: &str) -> (String, String) {
        (format!("{signal}{}", self.path), self.reason)
    }
}

impl fmt::Display for SignalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.trim_start_matches('.') {
            "" => f.write_str(&self.reason),
            path => write!(f, "`{path}` {}", self.reason),
        }
    }
}

impl std::error::Error for SignalError {}
