//! Reads the requests of the browser client.

use std::{
    error::Error,
    future::{Future, ready},
    io,
};

use axum::{body::HttpBody as _, extract::Request};
use bytes::Bytes;
use futures_util::{FutureExt as _, future::Either};
use http::{HeaderMap, header, request::Parts};
use http_body_util::LengthLimitError;
use tokio::time::timeout;

use super::security;
use crate::{
    limits,
    protocol::header::{VIA_NUMBER, VIA_REQUEST},
    refusal::Refusal,
    runtime::Core,
};

/// Reads the headers and the body of a request, if it is JSON of a page of this app, within the limits
/// of size and time.
pub(super) fn read(
    core: &Core,
    request: Request,
) -> impl Future<Output = Result<(HeaderMap, Bytes), Refusal>> + Send + use<> {
    let (Parts { headers, .. }, body) = request.into_parts();
    match is_json_of_ours(core, &headers) {
        Err(refused) => Either::Left(ready(Err(refused))),
        Ok(()) if body.size_hint().lower() > limits::BODY as u64 => {
            Either::Left(ready(Err(Refusal::BODY_TOO_LARGE)))
        }
        Ok(()) => Either::Right(
            timeout(limits::BODY_TIME, axum::body::to_bytes(body, limits::BODY)).map(|read| {
                match read {
                    Ok(Ok(body)) => Ok((headers, body)),
                    Ok(Err(error)) => Err(too_large_or_cut(&error)),
                    Err(_) => Err(Refusal::SLOW_BODY),
                }
            }),
        ),
    }
}

fn is_json_of_ours(core: &Core, headers: &HeaderMap) -> Result<(), Refusal> {
    security::same_origin(headers, &core.config.origins)?;
    // Before the server asks for the body, for which a client may wait.
    if headers
        .get(header::EXPECT)
        .is_some_and(|it| !it.as_bytes().eq_ignore_ascii_case(b"100-continue"))
    {
        return Err(Refusal::UNKNOWN_EXPECTATION);
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Refusal::ENCODED_BODY);
    }
    let json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.as_bytes().split(|&byte| byte == b';').next())
        .is_some_and(|kind| kind.trim_ascii().eq_ignore_ascii_case(b"application/json"));
    if !json {
        return Err(Refusal::NOT_JSON_TYPE);
    }
    Ok(())
}

/// Why the server could not read a body to its end.
fn too_large_or_cut(error: &axum::Error) -> Refusal {
    if error
        .source()
        .is_some_and(<dyn Error>::is::<LengthLimitError>)
    {
        return Refusal::BODY_TOO_LARGE;
    }
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
            )
        {
            return Refusal::BAD_CHUNK;
        }
        cause = error.source();
    }
    Refusal::CUT_BODY
}

/// The number of the action that a request is about, before its body is read.
pub(super) fn announced(headers: &HeaderMap) -> Option<u64> {
    let is_action = headers.get(VIA_REQUEST)? == "action";
    let number = headers.get(VIA_NUMBER)?.to_str().ok()?.parse().ok()?;
    is_action.then_some(number)
}
