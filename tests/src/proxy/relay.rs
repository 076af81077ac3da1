//! The way of one request through the proxy.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_TYPE, HeaderValue, LOCATION, SET_COOKIE, TRANSFER_ENCODING,
};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::control::Control;
use super::upstream::{Connection, send};
use super::{Exchange, Fate};

/// Forwards a request as its fate says. An error makes the HTTP implementation cut the client's
/// connection without an answer.
pub(super) async fn relay(
    control: Arc<Control>,
    request: Request<Incoming>,
) -> io::Result<Response<Relayed>> {
    let (place, fate) = control.arrive(describe(&request));
    match fate {
        Fate::DropRequest => return Err(cut()),
        Fate::Answer(status) => return Ok(gateway(status)),
        Fate::Redirect(location) => {
            let mut response = gateway(StatusCode::FOUND);
            let location = HeaderValue::from_static(location);
            response.headers_mut().insert(LOCATION, location);
            return Ok(response);
        }
        _ => {}
    }
    let mut released = control.released.subscribe();
    let request = whole(request).await?;
    control.sent(place, request.body().clone());
    let one_way = control.one_way();
    sleep(one_way).await;
    match fate {
        Fate::Twice => answered(control.upstream, request.clone()).await?,
        // Nobody reads the other answer, and the server may be gone by then.
        Fate::Again(later) => {
            let (upstream, request) = (control.upstream, request.clone());
            tokio::spawn(async move {
                sleep(later).await;
                answered(upstream, request).await
            });
        }
        Fate::Late(time) => sleep(time).await,
        _ => {}
    }
    let Ok((response, connection)) = send(control.upstream, request).await else {
        return Ok(gateway(StatusCode::BAD_GATEWAY));
    };
    let status = response.status();
    let mut response = response.map(|body| Relayed {
        body: Some(Source::of(body, one_way)),
        own: None,
        left: None,
        flushed: false,
        _connection: Some(connection),
    });
    remove_hop_by_hop(response.headers_mut());
    if !control.cookies.load(Ordering::Relaxed) {
        response.headers_mut().remove(SET_COOKIE);
    }
    match fate {
        Fate::DropAnswer => {
            response.into_body().collect().await?;
            control.answered(place, status);
            return Err(cut());
        }
        Fate::CutAfter(bytes) => response.body_mut().left = Some(bytes),
        Fate::Delay(time) => sleep(time).await,
        Fate::Hold => {
            control.answered(place, status);
            let _ = released.changed().await;
        }
        _ => {}
    }
    control.answered(place, status);
    Ok(response)
}

/// Sends a request until its answer has ended: a server may drop the work for a connection that
/// is gone.
async fn answered(upstream: SocketAddr, request: Request<Bytes>) -> io::Result<()> {
    let (answer, _connection) = send(upstream, request).await?;
    answer.collect().await.map_err(io::Error::other)?;
    Ok(())
}

fn describe(request: &Request<Incoming>) -> Exchange {
    let kind = request.headers().get("via-request");
    Exchange {
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        headers: request.headers().clone(),
        body: Bytes::new(),
        kind: kind
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
        nth: 0,
        fate: Fate::Pass,
        status: None,
    }
}

/// Reads the whole request, so that it can be sent once, twice or never.
async fn whole(request: Request<Incoming>) -> io::Result<Request<Bytes>> {
    let (mut head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    remove_hop_by_hop(&mut head.headers);
    Ok(Request::from_parts(head, body))
}

/// Headers that apply to one connection only.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    for name in [CONNECTION, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}

/// The answer of the proxy itself.
fn gateway(status: StatusCode) -> Response<Relayed> {
    let text = format!("<h1>{status}</h1>");
    let mut response = Response::new(Relayed {
        body: None,
        own: Some(text.into()),
        left: None,
        flushed: false,
        _connection: None,
    });
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

fn cut() -> io::Error {
    io::Error::other("cut on purpose")
}

/// Where the parts of an answer come from.
enum Source {
    Near(Incoming),
    Far(mpsc::UnboundedReceiver<io::Result<Frame<Bytes>>>),
}

impl Source {
    /// The body itself, or its parts, each passed on `late` after it arrived, without waiting for others.
    fn of(mut body: Incoming, late: Duration) -> Self {
        if late.is_zero() {
            return Self::Near(body);
        }
        let (sender, mut on_the_way) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(frame) = body.frame().await {
                if sender.send((Instant::now() + late, frame)).is_err() {
                    break;
                }
            }
        });
        let (sender, arrived) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some((due, frame)) = on_the_way.recv().await {
                sleep_until(due).await;
                if sender.send(frame.map_err(io::Error::other)).is_err() {
                    break;
                }
            }
        });
        Self::Far(arrived)
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self {
            Self::Near(body) => Pin::new(body).poll_frame(context).map_err(io::Error::other),
            Self::Far(arrived) => arrived.poll_recv(context),
        }
    }
}

/// A body on its way to the client. The connection to the server closes when it is dropped.
pub(super) struct Relayed {
    body: Option<Source>,
    own: Option<Bytes>,
    left: Option<usize>,
    flushed: bool,
    _connection: Option<Connection>,
}

impl Body for Relayed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == Some(0) {
            // An error discards what is not yet written, so the data before it is flushed first.
            if !std::mem::replace(&mut self.flushed, true) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            return Poll::Ready(Some(Err(cut())));
        }
        let Some(body) = &mut self.body else {
            return Poll::Ready(self.own.take().map(|own| Ok(Frame::data(own))));
        };
        let frame = match body.poll(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(frame)) => frame?,
        };
        let Some(left) = self.left else {
            return Poll::Ready(Some(Ok(frame)));
        };
        let Ok(mut data) = frame.into_data() else {
            return Poll::Ready(Some(Err(cut())));
        };
        data.truncate(left);
        self.left = Some(left - data.len());
        Poll::Ready(Some(Ok(Frame::data(data))))
    }
}
