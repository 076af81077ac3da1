//! stub
#[derive(Debug)]
pub(crate) struct EncodedEvent;
impl EncodedEvent {
    pub(crate) fn write(&self, _id: &str, _out: &mut Vec<u8>) {}
}
pub(crate) fn patch_elements(_p: &[crate::diff::Patch]) -> Vec<EncodedEvent> {
    vec![]
}
pub(crate) fn whole(_h: &str) -> EncodedEvent {
    EncodedEvent
}
pub(crate) fn patch_signals(_v: &serde_json::Value) -> EncodedEvent {
    EncodedEvent
}
