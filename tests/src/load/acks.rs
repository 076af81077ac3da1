//! Reads the answers to actions as cheaply as possible.

use std::{io, mem};

use super::events::Seen;
use crate::client::reading::{Part, Reading};
use crate::sse::Parser;

/// The reader of the answers to a tab's actions. Answers may contain patches.
#[derive(Debug, Default)]
pub(super) struct AckReader {
    reading: Reading,
    parser: Parser,
    seen: Seen,
    /// The length of its body in bytes.
    body: u64,
}

/// A complete answer to an action.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ack {
    pub(super) seen: Seen,
    pub(super) body: u64,
}

impl AckReader {
    /// The answer to action `number`, if these bytes complete it.
    ///
    /// # Errors
    ///
    /// The action was refused, or the answer is about another one.
    pub(super) fn push(&mut self, mut bytes: &[u8], number: u64) -> io::Result<Option<Ack>> {
        while let Some(part) = self.reading.next(&mut bytes)? {
            match part {
                Part::Head(head) => {
                    let (status, ack) = (head.status(), head.header("via-ack"));
                    if ack.and_then(|ack| ack.parse().ok()) != Some(number) || status >= 300 {
                        let rest = String::from_utf8_lossy(bytes);
                        return Err(io::Error::other(format!(
                            "action {number} was answered {status} about {ack:?}: {rest}"
                        )));
                    }
                }
                Part::Data(data) => {
                    self.body += data.len() as u64;
                    let seen = &mut self.seen;
                    self.parser.each(data, |block| seen.count(block));
                }
                Part::End => {
                    return Ok(Some(Ack {
                        seen: mem::take(&mut self.seen),
                        body: mem::take(&mut self.body),
                    }));
                }
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_CONTENT: &[u8] = b"HTTP/1.1 204 No Content\r\nvia-ack: 7\r\n\r\n";
    const PATCH: &[u8] = b"HTTP/1.1 200 OK\r\nvia-ack: 8\r\ncontent-length: 38\r\n\r\n\
        event: datastar-patch-elements\nid: 1\n\n";

    #[test]
    fn an_answer_is_complete_however_its_bytes_are_cut() {
        for step in [1, 7, 4096] {
            let mut reader = AckReader::default();
            let mut found = Vec::new();
            for (answer, number) in [(NO_CONTENT, 7), (PATCH, 8)] {
                for part in answer.chunks(step) {
                    found.extend(reader.push(part, number).unwrap());
                }
            }
            let found: Vec<_> = found
                .iter()
                .map(|ack| (ack.seen.patches, ack.body))
                .collect();
            assert_eq!(found, [(0, 0), (1, 38)], "by {step} bytes");
        }
    }

    #[test]
    fn an_answer_about_another_action_is_told() {
        assert!(AckReader::default().push(NO_CONTENT, 8).is_err());
        let refused = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 2\r\n\r\n{}";
        let error = AckReader::default().push(refused, 8).unwrap_err();
        assert!(error.to_string().contains("429 about None: {}"), "{error}");
    }
}
