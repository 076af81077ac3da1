//! Who holds a session's cookie, and the requests of its documents.

use std::fmt::Write as _;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::{Reply, Wire};

/// A browser: it keeps one cookie. Its requests are bytes, to be sent by whatever [`Wire`].
#[derive(Debug, Default)]
pub struct Browser {
    cookie: Mutex<String>,
}

/// A document that has attached: it can act and be shown frames.
#[derive(Clone, Debug)]
pub struct Document {
    path: String,
    token: String,
    tab: String,
}

/// What an action is called with: JSON, as it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Its name, such as `Counter::add`.
    pub action: &'a str,
    /// An array.
    pub args: &'a str,
    /// An object.
    pub signals: &'a str,
}

impl Browser {
    /// A browser that was never here before.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The request that loads a page.
    #[must_use]
    pub fn get(&self, path: &str) -> Vec<u8> {
        let mut request = format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/html\r\n\
             sec-fetch-site: none\r\nsec-fetch-mode: navigate\r\nsec-fetch-dest: document\r\n"
        );
        self.write_cookie(&mut request);
        request.push_str("\r\n");
        request.into_bytes()
    }

    /// A request of the client: of a kind, for an action with its number, with a JSON body.
    #[must_use]
    pub fn post(&self, path: &str, kind: &str, number: Option<u64>, body: &str) -> Vec<u8> {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nsec-fetch-site: same-origin\r\n\
             content-type: application/json\r\nvia-request: {kind}\r\ncontent-length: {}\r\n",
            body.len()
        );
        if let Some(number) = number {
            let _ = write!(request, "via-number: {number}\r\n");
        }
        self.write_cookie(&mut request);
        request.push_str("\r\n");
        request.push_str(body);
        request.into_bytes()
    }

    /// The request of an action. Sent again, it is a repetition.
    #[must_use]
    pub fn act(&self, document: &Document, number: u64, call: Call<'_>) -> Vec<u8> {
        let Call {
            action,
            args,
            signals,
        } = call;
        let body = format!(
            "{{\"token\":\"{}\",\"number\":{number},\"action\":\"{action}\",\"args\":{args},\
             \"signals\":{signals},\"dirty\":[]}}",
            document.token
        );
        self.post(&document.path, "action", Some(number), &body)
    }

    /// The request of the stream for these documents, each with the hash of the frame that it
    /// shows.
    #[must_use]
    pub fn stream(&self, documents: &[(&Document, Option<&str>)]) -> Vec<u8> {
        let tabs: Vec<_> = documents
            .iter()
            .map(|(document, frame)| json!({ "token": document.token, "frame": frame }))
            .collect();
        let body = json!({ "tabs": tabs }).to_string();
        self.post("/_via/stream", "stream", None, &body)
    }

    /// Attaches a document of the page at `path`.
    ///
    /// # Errors
    ///
    /// The connection was cut, or the server refused; its answer is in the error's text.
    pub async fn attach(&self, wire: &mut Wire, path: &str) -> io::Result<Document> {
        let reply = wire.send(&self.post(path, "attach", None, "{}")).await?;
        let answer: Option<Value> = serde_json::from_slice(&reply.body).ok();
        let text = |field: &str| Some(answer.as_ref()?[field].as_str()?.to_owned());
        match (text("token"), text("tab")) {
            (Some(token), Some(tab)) if reply.is_success() => Ok(Document {
                path: path.to_owned(),
                token,
                tab,
            }),
            _ => Err(io::Error::other(format!(
                "attach to {path}: {} {}",
                reply.status,
                String::from_utf8_lossy(&reply.body)
            ))),
        }
    }

    /// Keeps the cookie of an answer, if it sets one.
    pub fn keep(&self, reply: &Reply) {
        if let Some(cookie) = &reply.cookie {
            self.jar().clone_from(cookie);
        }
    }

    /// The cookie, as `name=value`.
    #[must_use]
    pub fn cookie(&self) -> String {
        self.jar().clone()
    }

    fn write_cookie(&self, request: &mut String) {
        let cookie = self.jar();
        if !cookie.is_empty() {
            let _ = write!(request, "cookie: {cookie}\r\n");
        }
    }

    fn jar(&self) -> MutexGuard<'_, String> {
        self.cookie.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Document {
    /// The path of its page.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The id of its tab.
    #[must_use]
    pub fn tab(&self) -> &str {
        &self.tab
    }
}
