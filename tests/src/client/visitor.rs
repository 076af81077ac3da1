//! A person with a cookie jar.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use serde_json::json;

use super::answer::Answer;
use super::line::Line;
use super::stream::Stream;
use super::tab::Tab;

/// A person with a cookie jar. Clones share it, as the tabs of a browser do.
#[derive(Debug, Clone)]
pub struct Visitor {
    server: SocketAddr,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Visitor {
    /// A new visitor, without cookies.
    #[must_use]
    pub fn new(server: SocketAddr) -> Self {
        Self {
            server,
            cookies: Arc::default(),
        }
    }

    /// The same visitor at another server.
    #[must_use]
    pub fn at(&self, server: SocketAddr) -> Self {
        Self {
            server,
            cookies: Arc::clone(&self.cookies),
        }
    }

    /// The server that this visitor uses.
    #[must_use]
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// The cookies by name.
    #[must_use]
    pub fn cookies(&self) -> BTreeMap<String, String> {
        self.jar().clone()
    }

    /// Puts a cookie into the jar.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.jar().insert(name.to_owned(), value.to_owned());
    }

    /// Empties the jar.
    pub fn forget_cookies(&self) {
        self.jar().clear();
    }

    /// A request as the visitor's browser would send it, with cookies and the header that says it
    /// comes from a page of the same origin. The caller may change everything before it is sent.
    #[must_use]
    #[track_caller]
    pub fn request(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Request<Bytes> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.server.to_string())
            .header("sec-fetch-site", "same-origin");
        let cookies: Vec<_> = self
            .jar()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        request.body(body.into()).expect("a valid request")
    }

    /// A request of the client: a POST with a JSON body and the header `Via-Request`.
    #[must_use]
    #[track_caller]
    pub fn post(&self, path: &str, kind: &'static str, body: impl Into<Bytes>) -> Request<Bytes> {
        let mut request = self.request(Method::POST, path, body);
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            HeaderName::from_static("via-request"),
            HeaderValue::from_static(kind),
        );
        request
    }

    /// Sends a request, keeps the cookies of the answer, and reads it to its end.
    ///
    /// # Errors
    ///
    /// The connection was refused or cut, or the answer did not end in time.
    pub async fn send(&self, request: Request<Bytes>) -> io::Result<Answer> {
        let answer = Line::open(self.server).await?.send(&request).await?;
        self.keep_cookies(&answer.headers);
        Ok(answer)
    }

    /// Opens a connection that is kept for many requests.
    pub async fn connect(&self) -> Line {
        self.try_connect()
            .await
            .unwrap_or_else(|error| panic!("no connection: {error}"))
    }

    /// The same, but the server may be unreachable.
    ///
    /// # Errors
    ///
    /// The connection was refused.
    pub async fn try_connect(&self) -> io::Result<Line> {
        Line::open(self.server).await
    }

    /// Loads a page, as when a user follows a link: its status and HTML, whatever they are.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.navigation(path))
            .await
            .unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// The request of a user who follows a link.
    #[must_use]
    pub fn navigation(&self, path: &str) -> Request<Bytes> {
        let mut request = self.request(Method::GET, path, "");
        let headers = request.headers_mut();
        headers.insert("sec-fetch-site", HeaderValue::from_static("none"));
        headers.insert("sec-fetch-mode", HeaderValue::from_static("navigate"));
        headers.insert("sec-fetch-dest", HeaderValue::from_static("document"));
        headers.insert("accept", HeaderValue::from_static("text/html"));
        request
    }

    /// Attaches a live tab to the page at `path`, which must be the page's own address.
    pub async fn attach(&self, path: &str) -> Tab {
        let answer = self.try_attach(path).await;
        answer.assert_ok();
        let reply = answer.json();
        Tab::new(self.clone(), path, &reply)
    }

    /// Attaches the document that follows a reload of `tab`: the same tab's next load, which
    /// counts its actions from 1.
    pub async fn reload(&self, tab: &Tab) -> Tab {
        let body = json!({ "token": tab.token() }).to_string();
        let answer = self
            .send(self.post(tab.path(), "attach", body))
            .await
            .unwrap_or_else(|error| panic!("attach again to {}: {error}", tab.path()));
        answer.assert_ok();
        Tab::new(self.clone(), tab.path(), &answer.json())
    }

    /// Asks for a live tab and returns the answer unchanged.
    pub async fn try_attach(&self, path: &str) -> Answer {
        self.send(self.post(path, "attach", "{}"))
            .await
            .unwrap_or_else(|error| panic!("attach to {path}: {error}"))
    }

    /// Opens the event stream for these tabs, which have no frame yet.
    pub async fn stream(&self, tabs: &[&Tab]) -> Stream {
        self.resume(&tabs.iter().map(|tab| (*tab, None)).collect::<Vec<_>>())
            .await
    }

    /// Opens the event stream for tabs that have a frame, named as in [`crate::sse::FrameId`].
    pub async fn resume(&self, tabs: &[(&Tab, Option<&str>)]) -> Stream {
        self.resume_at("/_via/stream", tabs).await
    }

    /// The same for an app whose stream has another path, because the app is nested in a router.
    pub async fn resume_at(&self, path: &str, tabs: &[(&Tab, Option<&str>)]) -> Stream {
        let stream = Stream::open(self.server, &self.opening(path, tabs))
            .await
            .unwrap_or_else(|error| panic!("the stream does not open: {error}"));
        self.keep_cookies(stream.headers());
        stream
    }

    /// The request that opens a stream for tabs that have a frame.
    #[must_use]
    pub fn opening(&self, path: &str, tabs: &[(&Tab, Option<&str>)]) -> Request<Bytes> {
        let tabs: Vec<_> = tabs
            .iter()
            .map(|(tab, frame)| json!({ "token": tab.token(), "frame": frame }))
            .collect();
        let body = json!({ "tabs": tabs }).to_string();
        self.post(path, "stream", body)
    }

    /// Keeps the cookies of an answer, as [`send`](Self::send) does.
    pub fn keep_cookies(&self, headers: &HeaderMap) {
        let mut jar = self.jar();
        for cookie in headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("a cookie is plain text");
            let mut parts = cookie.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                panic!("`{cookie}` is not a cookie");
            };
            if parts.any(|attribute| attribute.eq_ignore_ascii_case("max-age=0")) {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn jar(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
