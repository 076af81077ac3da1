//! Compresses large documents into zstd frames. Small ones are stored uncompressed.

use std::borrow::Cow;

use bytes::Bytes;

use super::DocumentError;
use crate::store::MAX_DOCUMENT;

/// Documents below this size are stored uncompressed.
///
/// `cargo bench -p via --bench compress` measures a to-do list, a chat log and settings. The times are
/// medians for the chat log:
///
/// | bytes | left at level 1 | at level 3 | pack at 1 | at 3 | unpack |
/// |---|---|---|---|---|---|
/// | 256 | 75, 74, 75 % | 75, 74, 75 % | 11 µs | 18 µs | 9 µs |
/// | 1 KiB | 46, 53, 41 % | 46, 53, 42 % | 13 µs | 21 µs | 9 µs |
/// | 4 KiB | 27, 36, 25 % | 27, 35, 25 % | 20 µs | 25 µs | 18 µs |
/// | 16 KiB | 21, 30, 20 % | 20, 29, 19 % | 43 µs | 60 µs | 32 µs |
/// | 64 KiB | 19, 27, 18 % | 18, 26, 18 % | 146 µs | 200 µs | 88 µs |
/// | 256 KiB | 17, 26, 18 % | 17, 24, 16 % | 0.9 ms | 0.9 ms | 0.3 ms |
///
/// Every commit and every load costs at least 10 µs, even for the smallest document. Below 4 KiB this
/// saves no space, because a page of SQLite has 4 KiB.
const THRESHOLD: usize = 4096;

/// See [`THRESHOLD`]: level 3 saves almost nothing more, and takes a third longer.
const LEVEL: i32 = 1;

/// The first bytes of a frame. A document in JSON begins with `{` instead.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Returns the bytes to store for a document: the same bytes, or a frame that is smaller by at least
/// an eighth.
///
/// The server keeps the result in memory, so it has no spare capacity.
pub(crate) fn pack(document: &[u8]) -> Bytes {
    if document.len() < THRESHOLD && !document.starts_with(&MAGIC) {
        return Bytes::copy_from_slice(document);
    }
    match zstd::bulk::compress(document, LEVEL) {
        Ok(frame)
            if frame.len() <= document.len() - document.len() / 8
                || document.starts_with(&MAGIC) =>
        {
            frame.into_boxed_slice().into()
        }
        // Compression only saves space, so it may fail, for example if there is no memory for it.
        _ => Bytes::copy_from_slice(document),
    }
}

/// Returns the document for stored bytes.
///
/// # Errors
///
/// [`DocumentError::Large`] if it would be larger than any document. This is checked before memory is
/// allocated for it. [`DocumentError::Frame`] if a frame is incomplete.
pub(crate) fn unpack(stored: &[u8]) -> Result<Cow<'_, [u8]>, DocumentError> {
    if !stored.starts_with(&MAGIC) {
        return Ok(Cow::Borrowed(stored));
    }
    // A frame begins with the size of its content. zstd stops if the content is larger.
    let size = zstd::zstd_safe::get_frame_content_size(stored)
        .ok()
        .flatten()
        .ok_or(DocumentError::Frame)?;
    let size = usize::try_from(size)
        .ok()
        .filter(|size| *size <= MAX_DOCUMENT)
        .ok_or(DocumentError::Large(size))?;
    zstd::bulk::decompress(stored, size)
        .ok()
        .filter(|document| document.len() == size)
        .map(Cow::Owned)
        .ok_or(DocumentError::Frame)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(text: String, times: usize) -> Vec<u8> {
        serde_json::to_vec(&vec![text; times]).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..20_000), framed: bool) {
            let bytes = if framed { [&MAGIC, &*bytes].concat() } else { bytes };
            let packed = pack(&bytes);
            prop_assert_eq!(&*unpack(&packed).unwrap(), &*bytes);
        }

        #[test]
        fn any_json_comes_back(text in ".{0,40}", times in 0_usize..1000) {
            let document = json(text, times);
            let packed = pack(&document);
            prop_assert!(packed.len() <= document.len());
            prop_assert_eq!(&*unpack(&packed).unwrap(), &*document);
        }

        #[test]
        fn garbage_after_the_magic_is_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            bytes.splice(0..0, MAGIC);
            // Random bytes may be a complete frame, because a frame need not have a checksum. This is rare.
            if let Ok(document) = unpack(&bytes) {
                prop_assert!(document.len() <= MAX_DOCUMENT);
            }
        }

        #[test]
        fn a_frame_that_was_damaged_or_cut_never_panics(
            times in 1_usize..1000,
            cut in any::<prop::sample::Index>(),
            at in any::<prop::sample::Index>(),
            flip in 1_u8..,
        ) {
            let document = json("so much of the same".into(), times);
            let frame = zstd::bulk::compress(&document, LEVEL).unwrap();
            prop_assert!(unpack(&frame[..MAGIC.len().max(cut.index(frame.len()))]).is_err());
            let mut damaged = frame;
            let place = at.index(damaged.len());
            damaged[place] ^= flip;
            if let Ok(document) = unpack(&damaged) {
                prop_assert!(document.len() <= MAX_DOCUMENT);
            }
        }
    }

    #[test]
    fn a_document_that_repeats_itself_is_stored_small() {
        let document = json("the same again".into(), 10_000);
        let packed = pack(&document);
        assert!(packed.starts_with(&MAGIC));
        assert!(packed.len() * 20 < document.len());
    }

    #[test]
    fn a_frame_of_more_than_any_document_is_refused_before_it_is_unpacked() {
        let bomb = zstd::bulk::compress(&vec![b' '; MAX_DOCUMENT + 1], 19).unwrap();
        assert!(bomb.len() < 1000);
        let error = unpack(&bomb).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a stored document unpacks to 1048577 bytes, and none has more than 1048576"
        );
    }

    #[test]
    fn a_frame_that_hides_its_size_or_lies_about_it_is_refused() {
        let document = json("the same again".into(), 1000);
        let mut silent = zstd::bulk::Compressor::new(1).unwrap();
        silent
            .set_parameter(zstd::zstd_safe::CParameter::ContentSizeFlag(false))
            .unwrap();
        let silent = silent.compress(&document).unwrap();
        assert!(matches!(unpack(&silent), Err(DocumentError::Frame)));

        let frame = zstd::bulk::compress(&document, 1).unwrap();
        let two = [&*frame, &*frame].concat();
        assert!(matches!(unpack(&two), Err(DocumentError::Frame)));
    }
}
