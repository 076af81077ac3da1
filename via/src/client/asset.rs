//! A file that never changes under its URL, in the encoding that a browser takes.

use std::io::Write;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, header};

/// A text with its compressed forms.
#[derive(Clone, Debug)]
pub(super) struct Asset {
    kind: &'static str,
    text: Bytes,
    brotli: Bytes,
    gzip: Bytes,
}

impl Asset {
    /// Compresses a text. 30 KB take about 40 ms, so do it once, and only for what a browser asks for.
    pub(super) fn pack(kind: &'static str, text: &'static str) -> Self {
        let mut brotli = Vec::new();
        let params = brotli::enc::BrotliEncoderParams::default();
        brotli::BrotliCompress(&mut text.as_bytes(), &mut brotli, &params)
            .expect("writing to memory does not fail");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let gzip = encoder
            .write_all(text.as_bytes())
            .and_then(|()| encoder.finish())
            .expect("writing to memory does not fail");
        Self {
            kind,
            text: Bytes::from_static(text.as_bytes()),
            brotli: brotli.into(),
            gzip: gzip.into(),
        }
    }

    /// The answer to a request with these headers; it may be kept for ever.
    pub(super) fn answer(&self, request: &HeaderMap) -> Response {
        let headers = [
            (header::CONTENT_TYPE, self.kind),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (header::VARY, "accept-encoding"),
        ];
        let (name, body) = match () {
            () if takes(request, "br") => (Some("br"), &self.brotli),
            () if takes(request, "gzip") => (Some("gzip"), &self.gzip),
            () => (None, &self.text),
        };
        let encoding = name.map(|name| [(header::CONTENT_ENCODING, name)]);
        (headers, encoding, body.clone()).into_response()
    }
}

/// Whether `Accept-Encoding` allows this coding: by name, or else by `*`, with a weight above 0.
fn takes(request: &HeaderMap, coding: &str) -> bool {
    let mut by_star = false;
    for value in request.get_all(header::ACCEPT_ENCODING) {
        // An offer that is not text makes no other offer unreadable.
        for offer in value.as_bytes().split(|&byte| byte == b',') {
            let Ok(offer) = std::str::from_utf8(offer) else {
                continue;
            };
            let (name, weight) = offer.split_once(';').unwrap_or((offer, "q=1"));
            let weight = weight.trim().strip_prefix("q=");
            let allowed = weight.and_then(|q| q.parse().ok()).unwrap_or(0.0_f32) > 0.0;
            match name.trim() {
                "*" => by_star = allowed,
                name if name.eq_ignore_ascii_case(coding) => return allowed,
                _ => {}
            }
        }
    }
    by_star
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use http::HeaderValue;

    use super::*;

    impl Asset {
        pub(crate) fn size_of_brotli(&self) -> usize {
            self.brotli.len()
        }
    }

    fn asking(accepted: &str) -> HeaderMap {
        let accepted = HeaderValue::from_bytes(accepted.as_bytes()).unwrap();
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, accepted)])
    }

    #[test]
    fn the_best_encoding_that_the_browser_takes_is_sent() {
        let asset = Asset::pack("text/css", "a { color: red }");
        for (accepted, encoding) in [
            ("gzip, deflate, br, zstd", Some("br")),
            ("gzip;q=1.0, br;q=0.5", Some("br")),
            ("gzip, br;q=0", Some("gzip")),
            ("GZIP", Some("gzip")),
            ("caf\u{e9}, gzip", Some("gzip")),
            ("*", Some("br")),
            ("*, br;q=0.0", Some("gzip")),
            ("*;q=0", None),
            ("identity", None),
            ("br;q=nonsense", None),
            ("", None),
        ] {
            let answer = asset.answer(&asking(accepted));
            let sent = answer.headers().get(header::CONTENT_ENCODING);
            assert_eq!(
                sent.map(|sent| sent.to_str().unwrap()),
                encoding,
                "{accepted}"
            );
            assert_eq!(answer.headers()[header::VARY], "accept-encoding");
        }
        assert!(
            !asset
                .answer(&HeaderMap::new())
                .headers()
                .contains_key(header::CONTENT_ENCODING)
        );
    }

    #[test]
    fn all_encodings_hold_the_text() {
        let asset = Asset::pack("text/css", "a { color: red }");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*asset.gzip)
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "a { color: red }");
        let mut text = Vec::new();
        brotli::BrotliDecompress(&mut &*asset.brotli, &mut text).unwrap();
        assert_eq!(text, asset.text);
    }
}
