//! The head of an answer.

use std::io;

/// An answer that was read to its end.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The number of the action that it speaks of.
    pub ack: Option<u64>,
    /// The revision at which that action was committed.
    pub revision: Option<u64>,
    /// The cookie that it sets, as `name=value`.
    pub cookie: Option<String>,
    /// Its body.
    pub body: Vec<u8>,
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
    /// By the end of the connection.
    Close,
}

/// What the head of an answer says.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) reply: Reply,
    pub(super) framing: Framing,
    pub(super) closes: bool,
}

impl Reply {
    /// Whether the status says success.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The machine-readable reason of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        body["code"].as_str().map(str::to_owned)
    }
}

impl Head {
    /// Reads a head; `bytes` ends with the empty line.
    pub(super) fn parse(bytes: &[u8]) -> io::Result<Self> {
        let text = str::from_utf8(bytes).map_err(io::Error::other)?;
        let mut lines = text.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1.1 "))
            .and_then(|line| line.get(..3)?.parse().ok())
            .ok_or_else(|| io::Error::other(format!("no status line: {text:?}")))?;
        let mut head = Self {
            reply: Reply {
                status,
                ..Reply::default()
            },
            framing: Framing::Close,
            closes: false,
        };
        if status == 204 || status == 304 {
            head.framing = Framing::Length(0);
        }
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            let is = |other| name.eq_ignore_ascii_case(other);
            if is("content-length") {
                head.framing = Framing::Length(value.parse().map_err(io::Error::other)?);
            } else if is("transfer-encoding") {
                head.framing = Framing::Chunked;
            } else if is("connection") {
                head.closes = value.eq_ignore_ascii_case("close");
            } else if is("via-ack") {
                head.reply.ack = value.parse().ok();
            } else if is("via-revision") {
                head.reply.revision = value.parse().ok();
            } else if is("set-cookie") {
                let pair = value.split(';').next().unwrap_or_default();
                head.reply.cookie = Some(pair.to_owned());
            }
        }
        head.closes |= head.framing == Framing::Close;
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_what_an_action_came_to() {
        let head = Head::parse(
            b"HTTP/1.1 204 No Content\r\nVia-Ack: 7\r\nvia-revision: 12\r\n\
              set-cookie: via-app=abc; Path=/\r\n\r\n",
        )
        .unwrap();
        assert_eq!((head.reply.status, head.reply.ack), (204, Some(7)));
        assert_eq!(head.reply.revision, Some(12));
        assert_eq!(head.reply.cookie.as_deref(), Some("via-app=abc"));
        assert_eq!(head.framing, Framing::Length(0));
        assert!(!head.closes);
    }

    #[test]
    fn a_body_without_a_length_ends_with_the_connection() {
        let head = Head::parse(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        assert_eq!(head.framing, Framing::Close);
        assert!(head.closes);
        assert!(Head::parse(b"nonsense\r\n\r\n").is_err());
    }
}
