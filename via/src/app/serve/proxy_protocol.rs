//! Reads the header of the PROXY protocol, in which a proxy names its client before the first request.
//!
//! Both versions are understood: the text (`PROXY TCP4 ..`) and the binary one. Nothing after the header is
//! read.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use tokio::net::TcpStream;

/// How a binary header begins.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// The longest header of version 1, as its specification says.
const LONGEST_TEXT: usize = 107;

/// The longest rest of a header of version 2: addresses, and what proxies say about TLS.
const LONGEST_BINARY: usize = 4 * 1024;

/// Reads the header that a proxy sends first. Returns the address of the client, or `None` if the
/// connection is the proxy's own, as for a health check.
///
/// # Errors
///
/// If the connection ends, or begins with something else.
pub(super) async fn client(socket: &TcpStream) -> io::Result<Option<SocketAddr>> {
    let mut header = Vec::with_capacity(LONGEST_TEXT);
    // Each header has at least 15 bytes.
    fill(socket, &mut header, SIGNATURE.len()).await?;
    if header != SIGNATURE {
        while header.starts_with(b"PROXY ") && header.len() < LONGEST_TEXT {
            let one_more = header.len() + 1;
            fill(socket, &mut header, one_more).await?;
            if header.ends_with(b"\r\n") {
                return of_text(&header).ok_or_else(wrong);
            }
        }
        return Err(wrong());
    }
    fill(socket, &mut header, 16).await?;
    let rest = usize::from(u16::from_be_bytes([header[14], header[15]]));
    if rest > LONGEST_BINARY {
        return Err(wrong());
    }
    fill(socket, &mut header, 16 + rest).await?;
    of_binary(header[12], header[13], &header[16..]).ok_or_else(wrong)
}

fn wrong() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "no header of the PROXY protocol",
    )
}

/// Reads until `header` has so many bytes, and no byte more.
async fn fill(socket: &TcpStream, header: &mut Vec<u8>, count: usize) -> io::Result<()> {
    let mut have = header.len();
    header.resize(count, 0);
    while have < count {
        socket.readable().await?;
        match socket.try_read(&mut header[have..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => have += read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What a line of version 1 says.
#[expect(clippy::option_option, reason = "the outer one is about the line")]
fn of_text(line: &[u8]) -> Option<Option<SocketAddr>> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix("\r\n")?;
    let fields: Vec<&str> = line.split(' ').collect();
    match fields[..] {
        ["PROXY", "UNKNOWN", ..] => Some(None),
        ["PROXY", family, from, to, port, to_port] => {
            let address = match family {
                "TCP4" => v4,
                "TCP6" => v6,
                _ => return None,
            };
            // The other end has to be right as well.
            address(to)?;
            to_port.parse::<u16>().ok()?;
            Some(Some(SocketAddr::new(address(from)?, port.parse().ok()?)))
        }
        _ => None,
    }
}

fn v4(text: &str) -> Option<IpAddr> {
    text.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
}

fn v6(text: &str) -> Option<IpAddr> {
    text.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

/// What a header of version 2 says; `rest` stands after its first 16 bytes.
#[expect(clippy::option_option, reason = "the outer one is about the header")]
fn of_binary(command: u8, family: u8, rest: &[u8]) -> Option<Option<SocketAddr>> {
    match command {
        // The proxy's own.
        0x20 => Some(None),
        0x21 => match family >> 4 {
            1 => {
                let rest = rest.first_chunk::<12>()?;
                let [a, b, c, d, _, _, _, _, high, low, _, _] = *rest;
                let address = Ipv4Addr::new(a, b, c, d).into();
                Some(Some(SocketAddr::new(
                    address,
                    u16::from_be_bytes([high, low]),
                )))
            }
            2 => {
                let rest = rest.first_chunk::<36>()?;
                let address = Ipv6Addr::from(*rest.first_chunk::<16>()?).into();
                let port = u16::from_be_bytes([rest[32], rest[33]]);
                Some(Some(SocketAddr::new(address, port)))
            }
            // Not over IP.
            0 | 3 => Some(None),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_client_or_nobody() {
        let client = |line: &str| of_text(line.as_bytes()).map(|it| it.map(|it| it.to_string()));
        let some = |text: &str| Some(Some(text.to_owned()));
        assert_eq!(
            client("PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\n"),
            some("192.0.2.7:4711")
        );
        assert_eq!(
            client("PROXY TCP6 2001:db8::7 ::1 4711 80\r\n"),
            some("[2001:db8::7]:4711")
        );
        assert_eq!(client("PROXY UNKNOWN\r\n"), Some(None));
        assert_eq!(client("PROXY UNKNOWN ::1 ::1 1 2\r\n"), Some(None));
        for wrong in [
            "PROXY TCP4 192.0.2.7 10.0.0.1 4711\r\n",
            "PROXY TCP4 192.0.2.7 10.0.0.1 4711 80 1\r\n",
            "PROXY TCP4 ::1 ::1 1 2\r\n",
            "PROXY TCP6 192.0.2.7 10.0.0.1 1 2\r\n",
            "PROXY TCP4 192.0.2.7 10.0.0.1 65536 80\r\n",
            "PROXY TCP4  192.0.2.7 10.0.0.1 1 2\r\n",
            "PROXY UDP4 192.0.2.7 10.0.0.1 1 2\r\n",
            "PROXY TCP4 192.0.2.7 10.0.0.1 1 2\n",
            "PROXY \r\n",
        ] {
            assert_eq!(client(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_binary_header_names_a_client_or_nobody() {
        let four = [192, 0, 2, 7, 10, 0, 0, 1, 0x12, 0x67, 0, 80];
        let client = of_binary(0x21, 0x11, &four).unwrap().unwrap();
        assert_eq!(client.to_string(), "192.0.2.7:4711");
        let more = [&four[..], b"more"].concat();
        assert!(of_binary(0x21, 0x11, &more).unwrap().is_some());
        let six = [[0x20; 16], [0; 16]].concat();
        let six = [six.as_slice(), &[0x12, 0x67, 0, 80]].concat();
        let client = of_binary(0x21, 0x21, &six).unwrap().unwrap();
        assert_eq!(client.port(), 4711);
        assert_eq!(of_binary(0x20, 0x00, &[]), Some(None));
        assert_eq!(of_binary(0x21, 0x00, &[]), Some(None));
        assert_eq!(of_binary(0x21, 0x11, &four[..11]), None);
        assert_eq!(of_binary(0x21, 0x21, &four), None);
        assert_eq!(of_binary(0x22, 0x11, &four), None);
        assert_eq!(of_binary(0x11, 0x11, &four), None);
    }
}
