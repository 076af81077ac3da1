//! The head of an answer.

use std::io;

use http::{HeaderMap, HeaderName, HeaderValue};

/// The status line and the headers of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    text: String,
    status: u16,
}

/// How the reader finds the end of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
    /// By the end of the connection.
    Close,
}

impl Head {
    pub(super) fn parse(bytes: Vec<u8>) -> io::Result<Self> {
        let text = String::from_utf8(bytes).map_err(io::Error::other)?;
        let status = text
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .ok_or_else(|| io::Error::other(format!("no status line: {text:?}")))?;
        Ok(Self { text, status })
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// The first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.text, name)
    }

    /// All headers.
    pub(super) fn headers(&self) -> io::Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields(&self.text) {
            let name = HeaderName::try_from(name).map_err(io::Error::other)?;
            let value = HeaderValue::try_from(value).map_err(io::Error::other)?;
            headers.append(name, value);
        }
        Ok(headers)
    }

    pub(super) fn framing(&self) -> io::Result<Framing> {
        if matches!(self.status, 204 | 304) {
            return Ok(Framing::Length(0));
        }
        if self.header("transfer-encoding").is_some() {
            return Ok(Framing::Chunked);
        }
        match self.header("content-length") {
            Some(length) => Ok(Framing::Length(length.parse().map_err(io::Error::other)?)),
            None => Ok(Framing::Close),
        }
    }
}

/// Where the head of an answer or request ends, if it is complete.
pub(crate) fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let found = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(found + 4)
}

/// The first header of this name in the head of an answer or request.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    fields(head)
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn fields(head: &str) -> impl Iterator<Item = (&str, &str)> {
    head.lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name, value.trim()))
}
