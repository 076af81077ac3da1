//! A reverse proxy that fails on purpose.
//!
//! It stands in front of a server and speaks HTTP/1.1 to both sides with a real HTTP
//! implementation. So it always knows where a request or an answer begins and ends, however bodies
//! are framed and however often a connection is used. Each request has its own connection to the
//! server. Connections to the client are kept alive as the client likes. This matters, because
//! a browser behaves differently when a connection that it has used before is cut.
//!
//! A rule decides about each request as it arrives:
//!
//! ```no_run
//! use via_tests::proxy::{Fate, Proxy};
//! # let server = via_tests::server::free_address();
//!
//! let proxy = Proxy::start(server);
//! proxy.rule(|request| {
//!     if request.is("action") && request.nth % 2 == 0 { Fate::DropAnswer } else { Fate::Pass }
//! });
//! ```

mod control;
mod relay;
mod upstream;

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::patience::wait_until;
use control::Control;

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is forwarded, and the answer comes back.
    Pass,
    /// The connection is cut before the server gets the request.
    DropRequest,
    /// It is forwarded; when the server has answered in full, the connection is cut and the client
    /// sees nothing of the answer.
    DropAnswer,
    /// It is forwarded; the connection is cut after this many bytes of the answer's body.
    CutAfter(usize),
    /// It is forwarded twice, one after the other; the client gets the second answer.
    Twice,
    /// It is forwarded, and again this much later over another connection. The client gets the
    /// first answer.
    Again(Duration),
    /// It is forwarded this much later.
    Late(Duration),
    /// It is forwarded; the answer comes back this much later.
    Delay(Duration),
    /// It is forwarded; the answer is held back until [`Proxy::release`].
    Hold,
    /// The proxy itself answers with this status and an HTML body, as gateways do; the server
    /// gets nothing.
    Answer(StatusCode),
    /// The proxy itself redirects to this address, as a form to sign in does; the server gets nothing.
    Redirect(&'static str),
}

/// A request that the proxy has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its method.
    pub method: Method,
    /// Its path without the query.
    pub path: String,
    /// Its query, or nothing.
    pub query: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, once it has arrived completely.
    pub body: Bytes,
    /// Its header `Via-Request`, or nothing: `attach`, `stream`, `action`.
    pub kind: String,
    /// Its number among the requests with the same method, path and kind, counted from 1.
    pub nth: usize,
    /// What happened to it.
    pub fate: Fate,
    /// What the server answered, once it has.
    pub status: Option<StatusCode>,
}

impl Exchange {
    /// Whether it is a request of the client of this kind.
    #[must_use]
    pub fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }
}

/// A running proxy. When it is dropped, it ends with all its connections.
pub struct Proxy {
    control: Arc<Control>,
    upstream: SocketAddr,
}

impl Proxy {
    /// Starts a proxy on a free port in front of `upstream`. It passes on everything.
    #[must_use]
    pub fn start(upstream: SocketAddr) -> Self {
        Self {
            control: Control::start(upstream),
            upstream,
        }
    }

    /// Where the proxy listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.control.address
    }

    /// The address of `path` through the proxy.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// From now on decides about each request that arrives.
    pub fn rule(&self, rule: impl Fn(&Exchange) -> Fate + Send + Sync + 'static) {
        *self
            .control
            .rule
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(rule);
    }

    /// From now on passes on everything.
    pub fn pass(&self) {
        self.rule(|_| Fate::Pass);
    }

    /// From now on adds this much to the round trip of requests to the server, and of each part of their
    /// answers: half of it in each direction.
    pub fn latency(&self, round_trip: Duration) {
        self.control.set_one_way(round_trip / 2);
    }

    /// From now on removes all cookies from the answers, as if the browser's cookies were off.
    pub fn refuse_cookies(&self) {
        self.control.cookies.store(false, Ordering::Relaxed);
    }

    /// Releases all answers that are held back.
    pub fn release(&self) {
        self.control.released.send_modify(|times| *times += 1);
    }

    /// Cuts all open connections. New ones are accepted.
    pub fn cut(&self) {
        self.control.cuts.send_modify(|times| *times += 1);
    }

    /// From now on refuses connections, and cuts the open ones, as if the service were down. Returns
    /// when the port is closed.
    pub fn go_down(&self) {
        self.control.set_listening(false);
        self.cut();
    }

    /// Accepts connections again on the same port. Returns when it does.
    pub fn come_up(&self) {
        self.control.set_listening(true);
    }

    /// All requests so far, in the order of their arrival.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.control.exchanges()
    }

    /// How many requests so far meet `condition`.
    #[must_use]
    pub fn count(&self, condition: impl Fn(&Exchange) -> bool) -> usize {
        self.exchanges()
            .iter()
            .filter(|each| condition(each))
            .count()
    }

    /// Waits until at least `count` requests meet `condition`.
    #[track_caller]
    pub fn wait_for(&self, count: usize, condition: impl Fn(&Exchange) -> bool) {
        wait_until(&format!("{count} such requests passed the proxy"), || {
            (self.count(&condition) >= count).then_some(())
        });
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Proxy")
            .field("address", &self.address())
            .field("upstream", &self.upstream)
            .finish_non_exhaustive()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.control.stop();
    }
}
