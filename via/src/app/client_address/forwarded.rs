//! Reads the headers in which proxies name their clients.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::HeaderValue;

/// The addresses of one line of `X-Forwarded-For`, from the right; `None` for a part that is not one.
pub(super) fn x_forwarded_for(line: &HeaderValue) -> impl Iterator<Item = Option<IpAddr>> {
    line.as_bytes()
        .rsplit(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let part = part.strip_prefix(b"\"").unwrap_or(part);
            node(part.strip_suffix(b"\"").unwrap_or(part))
        })
}

/// The addresses of one line of `Forwarded` (RFC 7239), from the right; `None` for a client without an
/// address. A line that breaks the grammar names nobody, because part of it could be a client's text.
pub(super) fn forwarded(line: &HeaderValue) -> impl Iterator<Item = Option<IpAddr>> {
    elements(line.as_bytes())
        .unwrap_or_else(|| vec![None])
        .into_iter()
        .rev()
}

fn elements(mut rest: &[u8]) -> Option<Vec<Option<IpAddr>>> {
    let mut elements = Vec::new();
    loop {
        let (element, after) = element(rest)?;
        elements.extend(element);
        match after.split_first() {
            None => return Some(elements),
            Some((_, after)) => rest = after,
        }
    }
}

/// What one element says of the client, `Some(None)` if it names no address and `None` if the element
/// is empty; with what follows, which is empty or begins with a comma.
#[expect(clippy::option_option, reason = "the outer one is about the element")]
fn element(mut rest: &[u8]) -> Option<(Option<Option<IpAddr>>, &[u8])> {
    let (mut client, mut is_empty) = (None, true);
    loop {
        rest = rest.trim_ascii_start();
        match rest.first() {
            None | Some(b',') => return Some(((!is_empty).then(|| client.flatten()), rest)),
            Some(b';') => rest = &rest[1..],
            Some(_) => {
                let equals = rest.iter().position(|byte| *byte == b'=')?;
                let (name, after) = (&rest[..equals], &rest[equals + 1..]);
                let is_token = !name.is_empty()
                    && name
                        .iter()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
                let (value, after) = value(after)?;
                let after = after.trim_ascii_start();
                if !is_token || !matches!(after.first(), None | Some(b',' | b';')) {
                    return None;
                }
                if name.eq_ignore_ascii_case(b"for") {
                    if client.is_some() {
                        return None;
                    }
                    client = Some(node(&value));
                }
                (rest, is_empty) = (after, false);
            }
        }
    }
}

/// The value of a parameter, without its quotes, and what follows.
fn value(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let ends = |byte: &u8| b",;\" \t".contains(byte);
        let end = text.iter().position(ends).unwrap_or(text.len());
        return Some((text[..end].to_vec(), &text[end..]));
    };
    let (mut value, mut bytes) = (Vec::new(), quoted.iter());
    loop {
        match bytes.next()? {
            b'"' => return Some((value, bytes.as_slice())),
            b'\\' => value.push(*bytes.next()?),
            byte => value.push(*byte),
        }
    }
}

/// The address of a node, with or without a port: `192.0.2.7`, `192.0.2.7:80`, `2001:db8::7`,
/// `[2001:db8::7]:80`. Neither `unknown` nor a made-up name such as `_hidden` is an address.
fn node(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let address = if let Some(bracketed) = text.strip_prefix('[') {
        let (address, port) = bracketed.split_once(']')?;
        is_port(port).then_some(())?;
        IpAddr::V6(address.parse::<Ipv6Addr>().ok()?)
    } else if let Ok(address) = text.parse::<IpAddr>() {
        address
    } else {
        let colon = text.find(':')?;
        is_port(&text[colon..]).then_some(())?;
        IpAddr::V4(text[..colon].parse::<Ipv4Addr>().ok()?)
    };
    Some(address.to_canonical())
}

/// Whether the text is empty, or a colon with a port or a made-up name for one.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|port| {
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            port.parse::<u16>().is_ok() || port.starts_with('_') && port.bytes().all(is_name)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded_by(line: &str) -> Vec<String> {
        let line = HeaderValue::from_str(line).unwrap();
        forwarded(&line)
            .map(|it| it.map_or("?".to_owned(), |it| it.to_string()))
            .collect()
    }

    #[test]
    fn a_line_of_forwarded_is_read_as_its_grammar_says() {
        for (line, from_the_right) in [
            ("for=192.0.2.7", vec!["192.0.2.7"]),
            (
                "For=192.0.2.7;proto=https;by=203.0.113.43",
                vec!["192.0.2.7"],
            ),
            ("proto=https ; for=192.0.2.7", vec!["192.0.2.7"]),
            (
                "for=192.0.2.7, for=198.51.100.1",
                vec!["198.51.100.1", "192.0.2.7"],
            ),
            (
                "for=192.0.2.7,,for=198.51.100.1,",
                vec!["198.51.100.1", "192.0.2.7"],
            ),
            (r#"for="[2001:db8::7]:4711""#, vec!["2001:db8::7"]),
            (r#"for="[2001:db8::7]:_port""#, vec!["2001:db8::7"]),
            (r#"for="192\.0.2.7""#, vec!["192.0.2.7"]),
            ("for=unknown, for=_hidden", vec!["?", "?"]),
            ("proto=https", vec!["?"]),
            (r#"host="a,b;for=1.1.1.1";for=192.0.2.7"#, vec!["192.0.2.7"]),
            ("", vec![]),
        ] {
            assert_eq!(forwarded_by(line), from_the_right, "{line}");
        }
    }

    /// The last of each is what a proxy adds; a client wrote what stands before.
    #[test]
    fn a_client_that_breaks_the_grammar_names_nobody() {
        for line in [
            r#"for=", for=192.0.2.7"#,
            r#"for=1.1.1.1;x=", for="[2001:db8::7]""#,
            r#"for=1.1.1.1;x="\, for="[2001:db8::7]""#,
            "for=1.1.1.1;for=2.2.2.2, for=192.0.2.7",
            "1.1.1.1, for=192.0.2.7",
            "=1.1.1.1, for=192.0.2.7",
            "for=1.1.1.1 2.2.2.2, for=192.0.2.7",
        ] {
            assert_eq!(forwarded_by(line), ["?"], "{line}");
        }
    }

    #[test]
    fn a_node_is_an_address_with_or_without_a_port() {
        for wrong in [
            "",
            "unknown",
            "_a",
            "192.0.2",
            "192.0.2.7:",
            "192.0.2.7:x",
            "192.0.2.7:65536",
            "[::1",
            "[::1]1",
            "[192.0.2.7]",
            "::1%eth0",
            "localhost",
            "1.1.1.1:_a b",
        ] {
            assert_eq!(node(wrong.as_bytes()), None, "{wrong:?}");
        }
    }
}
