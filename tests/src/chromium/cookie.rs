//! A cookie as the browser keeps it.

use serde_json::Value;

/// A cookie with the attributes that the browser understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Cookie {
    /// Its name, with prefix.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The host that it belongs to; with a leading dot, also subdomains of it.
    pub domain: String,
    /// The path it is sent for.
    pub path: String,
    /// Whether scripts cannot read it.
    pub http_only: bool,
    /// Whether it is sent over HTTPS only.
    pub secure: bool,
    /// `Strict`, `Lax`, `None`, or nothing if the server did not set it.
    pub same_site: Option<String>,
    /// When it expires, in seconds of the Unix epoch; nothing if it expires when the browser ends.
    pub expires: Option<f64>,
}

impl Cookie {
    pub(super) fn list(answer: &Value) -> Vec<Self> {
        let cookies = answer["cookies"].as_array().into_iter().flatten();
        cookies.map(Self::read).collect()
    }

    fn read(cookie: &Value) -> Self {
        let text = |field: &str| cookie[field].as_str().map(str::to_owned);
        let flag = |field: &str| cookie[field].as_bool().unwrap_or_default();
        Self {
            name: text("name").unwrap_or_default(),
            value: text("value").unwrap_or_default(),
            domain: text("domain").unwrap_or_default(),
            path: text("path").unwrap_or_default(),
            http_only: flag("httpOnly"),
            secure: flag("secure"),
            same_site: text("sameSite"),
            expires: cookie["expires"].as_f64().filter(|at| *at >= 0.0),
        }
    }
}
