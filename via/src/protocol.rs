//! What travels: SSE framing, Datastar events, requests and their answers.

pub(crate) mod answer;
pub(crate) mod datastar;
pub(crate) mod events;
pub(crate) mod incoming;
pub(crate) mod sse;
pub(crate) mod token;
