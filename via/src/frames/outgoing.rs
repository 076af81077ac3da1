//! The bytes that a stream is about to send.

use std::collections::VecDeque;

use bytes::Bytes;

/// From this number of bytes on, sharing costs less than copying.
pub(crate) const SHARED_FROM: usize = 4 * 1024;

/// The bytes to send to one reader. Large pieces for several readers are shared and not copied, so a
/// slow reader holds little memory of its own.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    own: Vec<u8>,
    /// Shared pieces, each with the number of bytes in `own` that come before it.
    shared: Vec<(usize, Bytes)>,
}

impl Outgoing {
    pub(crate) fn is_empty(&self) -> bool {
        self.own.is_empty() && self.shared.is_empty()
    }

    /// The buffer for bytes that only this reader gets.
    pub(crate) fn own(&mut self) -> &mut Vec<u8> {
        &mut self.own
    }

    /// Appends a piece that other readers also get.
    pub(crate) fn share(&mut self, bytes: &Bytes) {
        if bytes.len() < SHARED_FROM {
            self.own.extend_from_slice(bytes);
        } else {
            self.shared.push((self.own.len(), bytes.clone()));
        }
    }

    /// All pieces in order.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let mut at = 0;
        let shared = self.shared.iter().flat_map(move |(until, shared)| {
            let own = &self.own[at..*until];
            at = *until;
            [own, shared]
        });
        let rest = self.shared.last().map_or(0, |(until, _)| *until);
        shared
            .chain([&self.own[rest..]])
            .filter(|piece| !piece.is_empty())
    }

    /// The shared pieces.
    pub(crate) fn shared(&self) -> impl Iterator<Item = &[u8]> {
        self.shared.iter().map(|(_, shared)| &**shared)
    }

    /// All bytes as one piece.
    pub(crate) fn into_bytes(self) -> Bytes {
        if self.shared.is_empty() {
            return self.own.into();
        }
        self.pieces().collect::<Vec<_>>().concat().into()
    }

    /// All pieces in order. Shared pieces stay shared.
    pub(crate) fn into_pieces(self) -> VecDeque<Bytes> {
        let mut own = Bytes::from(self.own);
        let mut pieces = VecDeque::with_capacity(2 * self.shared.len() + 1);
        let mut at = 0;
        for (until, shared) in self.shared {
            pieces.extend([own.split_to(until - at), shared]);
            at = until;
        }
        pieces.push_back(own);
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }
}

impl From<Vec<u8>> for Outgoing {
    fn from(own: Vec<u8>) -> Self {
        Self {
            own,
            shared: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_in_order_and_only_large_ones_are_shared() {
        let large = Bytes::from(vec![b'x'; SHARED_FROM]);
        let mut out = Outgoing::from(b"ab".to_vec());
        out.share(&large);
        out.share(&large);
        out.own().extend_from_slice(b"c");
        out.share(&Bytes::from_static(b"d"));
        let pieces: Vec<_> = out.pieces().collect();
        assert_eq!(pieces, [b"ab".as_slice(), &large, &large, b"cd"]);
        assert_eq!(pieces[1].as_ptr(), large.as_ptr());
        let expected: Vec<_> = out.pieces().map(Bytes::copy_from_slice).collect();
        let mut again = Outgoing::from(b"ab".to_vec());
        again.share(&large);
        assert_eq!(again.into_bytes(), [b"ab", &*large].concat());
        assert_eq!(Outgoing::from(b"ab".to_vec()).into_bytes(), "ab");
        let owned = out.into_pieces();
        assert_eq!(owned, expected);
        assert_eq!(owned[1].as_ptr(), large.as_ptr());
        assert!(Outgoing::default().is_empty());
    }
}
