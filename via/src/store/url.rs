//! stub
/// stub
pub fn open() {}
