//! The wire: headers, requests, answers, server-sent events and tokens.

mod answer;
pub(crate) mod datastar;
pub(crate) mod events;
pub(crate) mod header;
pub(crate) mod incoming;
pub(crate) mod sse;
pub(crate) mod token;
