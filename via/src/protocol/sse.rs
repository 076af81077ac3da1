//! stub
pub(crate) fn event(_out: &mut Vec<u8>, _name: &str, _id: Option<&str>, _data: &str) {}
pub(crate) fn heartbeat(_out: &mut Vec<u8>) {}
