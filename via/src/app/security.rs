//! Which requests may act, and the headers that every response carries.

use axum::response::Response;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, ORIGIN, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
        X_CONTENT_TYPE_OPTIONS,
    },
};

use super::hosts::is_loopback_origin;
use crate::{protocol::header::VIA_REQUEST, refusal::Refusal};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; \
     frame-ancestors 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types via",
);

/// Accepts only requests that a page of this app makes.
///
/// The browser must send `Sec-Fetch-Site: same-origin`, and no `Origin` but one of `ours`. If it does not
/// know the first header, its `Origin` must be one of `ours`. In both cases the client's own header must be there.
///
/// # Errors
///
/// A refusal that says which of these failed.
pub(crate) fn same_origin(headers: &HeaderMap, ours: &[String]) -> Result<(), Refusal> {
    let is_ours = |origin: &HeaderValue| ours.iter().any(|ours| origin == ours.as_str());
    // Without origins, an app knows only what the browser says.
    let may_be_ours = |origin: &HeaderValue| {
        ours.is_empty() || is_ours(origin) || is_loopback_origin(origin.as_bytes())
    };
    let allowed = match (only(headers, &SEC_FETCH_SITE), only(headers, &ORIGIN)) {
        (Ok(Some(site)), Ok(origin)) => site == "same-origin" && origin.is_none_or(may_be_ours),
        (Ok(None), Ok(Some(origin))) => is_ours(origin),
        _ => false,
    };
    if !allowed {
        return Err(Refusal::CROSS_ORIGIN);
    }
    if !headers.contains_key(VIA_REQUEST) {
        return Err(Refusal::NO_VIA_REQUEST);
    }
    Ok(())
}

/// The header of this name, which a request may have once.
fn only<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, SentTwice> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(SentTwice),
        (value, None) => Ok(value),
    }
}

/// Browsers send a header once. What sends it twice hopes that somebody looks at the other one.
struct SentTwice;

/// The headers of every response.
pub(super) const DEFAULT_HEADERS: [(HeaderName, HeaderValue); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    // Pages that open this one, or that it opens, cannot reach into it.
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    // Other sites cannot embed what the app serves.
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// One more header if browsers reach the app by HTTPS alone.
pub(super) const HSTS: (HeaderName, HeaderValue) = (
    STRICT_TRANSPORT_SECURITY,
    HeaderValue::from_static("max-age=31536000"),
);

/// Adds the default headers that the response does not have yet.
pub(crate) fn default_headers(mut response: Response, hsts: bool) -> Response {
    add_default_headers(&mut response, hsts);
    response
}

/// The same, in place.
pub(super) fn add_default_headers(response: &mut Response, hsts: bool) {
    let status = response.status();
    let headers = response.headers_mut();
    for (name, value) in DEFAULT_HEADERS.into_iter().chain(hsts.then_some(HSTS)) {
        headers.entry(name).or_insert(value);
    }
    // A cache may keep some errors by itself, such as that of a file that the next build has.
    if status.is_client_error() || status.is_server_error() {
        let no_store = HeaderValue::from_static("no-store");
        headers.entry(CACHE_CONTROL).or_insert(no_store);
    }
}

/// Whether the text is a scheme and a host, with or without a port, and nothing else.
pub(crate) fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else {
        return false;
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return false;
    };
    matches!(scheme, "http" | "https")
        && !authority.as_str().contains('@')
        && text == format!("{scheme}://{authority}")
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    fn answer(pairs: &[(&str, &str)]) -> u16 {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::try_from(*name).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        let ours = ["https://ours.example".to_owned()];
        same_origin(&headers, &ours).map_or_else(
            |refused| refused.into_response().status().as_u16(),
            |()| 204,
        )
    }

    /// The decision table of `Sec-Fetch-Site`, `Origin` and the client's own header, row by row.
    #[test]
    fn only_a_page_of_this_app_may_act() {
        const OURS: (&str, &str) = ("origin", "https://ours.example");
        const THEIRS: (&str, &str) = ("origin", "https://theirs.example");
        const VIA: (&str, &str) = ("via-request", "action");
        let site = |value| ("sec-fetch-site", value);
        for (headers, expected) in [
            (vec![site("same-origin"), VIA], 204),
            (vec![site("same-origin"), OURS, VIA], 204),
            (vec![site("same-origin")], 403),
            (vec![site("same-origin"), THEIRS, VIA], 403),
            (vec![site("same-origin"), ("origin", "null"), VIA], 403),
            (
                vec![site("same-origin"), ("origin", "http://localhost:9"), VIA],
                204,
            ),
            (vec![site("same-origin"), OURS, OURS, VIA], 403),
            (vec![site("same-origin"), site("same-origin"), VIA], 403),
            (vec![site("same-origin"), site("cross-site"), VIA], 403),
            (vec![site("cross-site"), site("same-origin"), VIA], 403),
            (vec![OURS, THEIRS, VIA], 403),
            (vec![site("same-site"), OURS, VIA], 403),
            (vec![site("cross-site"), OURS, VIA], 403),
            (vec![site("cross-site"), THEIRS, VIA], 403),
            (vec![site("none"), OURS, VIA], 403),
            (vec![site("nonsense"), OURS, VIA], 403),
            (vec![OURS, VIA], 204),
            (vec![OURS], 403),
            (vec![THEIRS, VIA], 403),
            (vec![("origin", "null"), VIA], 403),
            (vec![("origin", "https://ours.example:444"), VIA], 403),
            (vec![("origin", "http://ours.example"), VIA], 403),
            (vec![("origin", "https://ours.example.evil"), VIA], 403),
            (vec![VIA], 403),
            (vec![], 403),
        ] {
            assert_eq!(answer(&headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        for good in [
            "https://a.example",
            "http://10.0.0.1:3000",
            "http://[::1]:80",
        ] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "a.example",
            "https://a.example/",
            "https://a.example/path",
            "ftp://a.example",
            "https://user@a.example",
            "https://",
            "",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
