//! Documents, packed or not.

use crate::{
    state::{Document, SharedDocument, pack, unpack},
    store::MAX_DOCUMENT,
};

/// The first byte of the input says whether the rest is what a store holds, or the document itself, which
/// is packed first and perhaps damaged.
pub(super) fn check(input: &[u8]) {
    let Some((&how, bytes)) = input.split_first() else {
        return;
    };
    if how == b'd' {
        return stored(bytes);
    }
    let mut packed = pack(bytes).to_vec();
    assert_eq!(*unpack(&packed).expect("what was packed"), *bytes);
    if how == b'p' {
        return stored(&packed);
    }
    // A damaged frame: one byte of it is another one.
    if let Some(at) = usize::from(how).checked_rem(packed.len()) {
        packed[at] = packed[at].wrapping_add(1);
        stored(&packed);
    }
}

/// Reads what a store holds. What can be read is written so that it is read in the same way.
fn stored(bytes: &[u8]) {
    let size = match unpack(bytes) {
        Ok(document) => document.len(),
        Err(error) => {
            assert!(Document::decode(bytes).is_err(), "{error}");
            assert!(SharedDocument::decode(bytes).is_err(), "{error}");
            return;
        }
    };
    assert!(size <= MAX_DOCUMENT || size == bytes.len());
    if let Ok(document) = Document::decode(bytes) {
        let written = document.encode();
        let again = Document::decode(&written.bytes)
            .expect("what was written")
            .encode();
        assert_eq!(again.bytes, written.bytes);
        assert_eq!(again.size, written.size);
    }
    if let Ok(document) = SharedDocument::decode(bytes) {
        let written = document.encode();
        let again = SharedDocument::decode(&written.bytes).expect("what was written");
        assert_eq!(again.encode().bytes, written.bytes);
    }
}
