//! Checks where requests end, before the HTTP parser reads them.
//!
//! Two servers that disagree about the end of a request can be led to see different requests. The parser is
//! generous: it accepts lines that end with a bare LF, and transfer codings beside `chunked`. Here each
//! line of a head ends with CRLF, and at most one header says how long the body is.

use crate::limits;

/// What the parser gets instead of a wrong head, so that it answers 400 and closes the connection.
pub(super) const WRONG: &[u8] = b"\0\r\n\r\n";

/// Where in the requests of one connection the next byte stands.
#[derive(Debug, Default)]
pub(super) struct Framing {
    place: Place,
    /// The begin of a line whose end has not arrived.
    line: Vec<u8>,
    lines: u32,
    length: Option<u64>,
    is_chunked: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Head,
    /// So many bytes of a body follow.
    Body(u64),
    /// No other request follows, or the parser refuses what follows.
    Last,
}

impl Framing {
    /// Follows these bytes; returns how many of them are right.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            match self.place {
                Place::Last => return bytes.len(),
                Place::Body(left) => {
                    let here = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    at += here;
                    self.place = match left - here as u64 {
                        0 => Place::Head,
                        left => Place::Body(left),
                    };
                }
                Place::Head => {
                    let Some(end) = memchr::memchr(b'\n', rest) else {
                        self.begin_line(rest);
                        return bytes.len();
                    };
                    let is_right = if self.line.is_empty() {
                        self.end_line(&rest[..end])
                    } else {
                        let mut line = std::mem::take(&mut self.line);
                        line.extend_from_slice(&rest[..end]);
                        self.end_line(&line)
                    };
                    if !is_right {
                        self.place = Place::Last;
                        return at + end;
                    }
                    at += end + 1;
                }
            }
        }
        bytes.len()
    }

    fn begin_line(&mut self, begin: &[u8]) {
        self.line.extend_from_slice(begin);
        if self.line.len() > limits::HEAD {
            // The parser refuses so long a head.
            self.place = Place::Last;
            self.line = Vec::new();
        }
    }

    /// Whether a line that ends here, before its LF, is right.
    fn end_line(&mut self, line: &[u8]) -> bool {
        let Some(line) = line.strip_suffix(b"\r") else {
            return false;
        };
        if line.is_empty() {
            // Empty lines before a request are allowed.
            if self.lines > 0 {
                self.place = match self.length {
                    _ if self.is_chunked => Place::Last,
                    None | Some(0) => Place::Head,
                    Some(length) => Place::Body(length),
                };
                (self.lines, self.length) = (0, None);
            }
            return true;
        }
        self.lines = self.lines.saturating_add(1);
        // The first line names no header.
        self.lines == 1 || self.header(line)
    }

    fn header(&mut self, line: &[u8]) -> bool {
        // Most headers begin with other letters.
        if !matches!(line[0] | 0x20, b'c' | b't') {
            return true;
        }
        let Some(colon) = memchr::memchr(b':', line) else {
            return true;
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            // The parser refuses a length that is not a number.
            let length = std::str::from_utf8(value)
                .ok()
                .and_then(|it| it.parse().ok());
            self.length = length.or(self.length).or(Some(0));
            !self.is_chunked
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let is_first = !std::mem::replace(&mut self.is_chunked, true);
            is_first && self.length.is_none() && value.eq_ignore_ascii_case(b"chunked")
        } else {
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes are right if they arrive in pieces of this size.
    fn right(bytes: &[u8], size: usize) -> usize {
        let mut framing = Framing::default();
        let mut count = 0;
        for piece in bytes.chunks(size) {
            let right = framing.follow(piece);
            count += right;
            if right < piece.len() {
                break;
            }
        }
        count
    }

    const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    #[test]
    fn requests_follow_each_other_however_they_arrive() {
        let post = |more: &str| format!("POST / HTTP/1.1\r\n{more}\r\n\r\n");
        for requests in [
            format!("{GET}\r\n{GET}"),
            post("content-length: 3") + "a\nb" + GET,
            post("Content-Length:  3 \r\ncontent-length: 3") + "\n\n\n" + GET,
            post("content-length: 0") + GET,
            post("transfer-encoding: Chunked") + "1\n\n",
            post("content-type: a\r\ntrailer: b") + GET,
        ] {
            for size in 1..=requests.len() {
                assert_eq!(
                    right(requests.as_bytes(), size),
                    requests.len(),
                    "{requests:?}"
                );
            }
        }
    }

    #[test]
    fn a_head_that_says_its_end_in_two_ways_is_wrong_up_to_its_last_byte() {
        for (before, wrong) in [
            ("", "GET / HTTP/1.1\n"),
            ("", "\n"),
            ("GET / HTTP/1.1\r\n", "host: a\n"),
            ("GET / HTTP/1.1\r\nhost: a\r\n", "\n"),
            (
                "POST / HTTP/1.1\r\ncontent-length: 1\r\n",
                "transfer-encoding: chunked\r\n",
            ),
            (
                "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n",
                "content-length: 1\r\n",
            ),
            (
                "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n",
                "Transfer-Encoding: chunked\r\n",
            ),
            (
                "POST / HTTP/1.1\r\n",
                "transfer-encoding: gzip, chunked\r\n",
            ),
            ("POST / HTTP/1.1\r\n", "transfer-encoding: identity\r\n"),
            (
                "POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}",
                "GET / HTTP/1.1\n",
            ),
        ] {
            let request = format!("{GET}{before}{wrong}x");
            let last = GET.len() + before.len() + wrong.len() - 1;
            for size in 1..=request.len() {
                assert_eq!(right(request.as_bytes(), size), last, "{request:?}");
            }
        }
    }

    #[test]
    fn a_line_without_an_end_takes_no_more_room_than_a_head() {
        let mut framing = Framing::default();
        for _ in 0..100 {
            assert_eq!(framing.follow(&[b'a'; 1024]), 1024);
        }
        assert!(framing.line.capacity() <= 2 * limits::HEAD);
    }
}
