//! What can go wrong in a page.

use std::fmt;

use serde_json::Value;

/// Something that does not happen in a clean page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of thing went wrong.
    pub kind: Kind,
    /// Where: the page, or the worker with its address.
    pub place: String,
    /// What the browser said.
    pub text: String,
    /// The address that the browser gave for it, or nothing.
    pub url: String,
}

/// Kinds of [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The script called `console.error` or a `console.assert` failed.
    Console,
    /// An exception or a rejected promise that nobody caught.
    Exception,
    /// A resource or request failed.
    Network,
    /// A `securitypolicyviolation` event; the text is `<directive> blocked <what>`.
    Violation,
    /// The browser's own message about security, which accompanies most violations.
    Security,
    /// An `alert`, `confirm` or `prompt`.
    Dialog,
    /// The renderer crashed.
    Crash,
    /// Any other message of level error.
    Other,
}

impl Problem {
    /// Whether a page must expect this while its server is unreachable: a request that failed
    /// below HTTP, or that a proxy answered with 502, 503 or 504.
    pub(super) fn is_outage(&self) -> bool {
        const TEXTS: [&str; 4] = [
            "net::ERR_",
            "status of 502",
            "status of 503",
            "status of 504",
        ];
        self.kind == Kind::Network && TEXTS.iter().any(|text| self.text.contains(text))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?} in {}: {}", self.kind, self.place, self.text)?;
        if !self.url.is_empty() {
            write!(out, " ({})", self.url)?;
        }
        Ok(())
    }
}

/// The text of an exception as a developer would see it in the console.
pub(super) fn exception_text(details: &Value) -> String {
    let text = details["text"].as_str().unwrap_or_default();
    let exception = &details["exception"];
    if exception.is_null() {
        return text.to_owned();
    }
    format!("{text} {}", object_text(exception))
        .trim()
        .to_owned()
}

/// A script value as the console would print it.
pub(super) fn object_text(object: &Value) -> String {
    match (&object["value"], object["description"].as_str()) {
        (Value::String(text), _) => text.clone(),
        (Value::Null, Some(description)) => description.to_owned(),
        (Value::Null, None) => object["type"].as_str().unwrap_or_default().to_owned(),
        (value, _) => value.to_string(),
    }
}
