//! The error for a value that does not fit its signal.

use std::fmt;

/// Says what is wrong with the value of a signal, as the end of a sentence: "must be a whole number".
///
/// An error in a part of a value contains the path to that part:
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
    /// The path to the part, such as `.owner[3]`.
    path: String,
    reason: String,
}

impl SignalError {
    /// Creates an error whose reason ends the sentence "`name` ..".
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            reason: reason.into(),
        }
    }

    /// Puts the error into the field with this name.
    #[must_use]
    pub fn in_field(mut self, name: &str) -> Self {
        self.path.insert_str(0, name);
        self.path.insert(0, '.');
        self
    }

    /// Puts the error into the item at this index.
    #[must_use]
    pub fn in_item(mut self, index: usize) -> Self {
        self.path.insert_str(0, &format!("[{index}]"));
        self
    }

    /// The path, which begins with the name of the signal, and the reason.
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
