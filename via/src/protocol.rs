//! What travels: SSE framing, Datastar events, requests.

pub(crate) mod datastar;
pub(crate) mod sse;
