//! stub
/// stub
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct OpenError;
/// stub
pub fn open() {}
