//! Answers the requests of one HTTP/1 connection until it ends or becomes a live stream.
//!
//! If a client speaks HTTP/2, hyper closes the connection. A reverse proxy can speak HTTP/2 to browsers
//! and HTTP/1.1 to this server.

use std::{
    convert::Infallible,
    future::{Future, poll_fn, ready},
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    task::Poll,
};

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse as _, Response},
};
use futures_util::FutureExt as _;
use http::{HeaderValue, Method, header};
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::Service,
};
use tokio::{net::TcpStream, time::timeout};

use super::{
    connections::{Origin, Seat},
    live_socket::LiveSocket,
    patient_io::PatientIo,
    proxy_protocol,
    pulse::Pulse,
    site::{Site, with_default_headers},
};
use crate::{
    address::AddressBlock,
    app::{client_address::client_address, hosts::turned_away, routes},
    limits,
    lock::lock,
    log_text::LogText,
    refusal::Refusal,
};

/// What the requests of one connection share.
#[derive(Debug)]
struct Context {
    site: Arc<Site>,
    peer: SocketAddr,
    pulse: Arc<Pulse>,
    /// The stream that the connection becomes.
    live: Mutex<Option<LiveSocket>>,
}

/// Answers the requests of one connection when hyper calls it.
struct RequestService(Arc<Context>);

/// Answers requests until the connection ends or becomes a live stream.
pub(super) async fn serve(
    site: Arc<Site>,
    socket: TcpStream,
    peer: SocketAddr,
    pulse: Arc<Pulse>,
    seat: &Seat,
) -> Option<(LiveSocket, TcpStream)> {
    let config = &site.core.config;
    let peer = if config.proxy_protocol.contain(peer.ip()) {
        match named_by_proxy(&socket, &pulse).await {
            Ok(client) => client.unwrap_or(peer),
            Err(error) => {
                tracing::debug!(error = %LogText(&error), proxy = %peer, "a proxy names no client");
                return None;
            }
        }
    } else {
        peer
    };
    let is_proxy = config.trusted_proxies.contain(peer.ip());
    let origin = if is_proxy {
        Origin::Proxy
    } else {
        Origin::Client(AddressBlock::of(peer.ip()))
    };
    if !seat.comes_from(origin) {
        return None;
    }
    answer(site, socket, peer, pulse).await
}

/// The client that a proxy names before the first request.
async fn named_by_proxy(socket: &TcpStream, pulse: &Pulse) -> io::Result<Option<SocketAddr>> {
    let unwanted = poll_fn(|cx| {
        if pulse.is_unwanted(cx) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    tokio::select! {
        client = timeout(limits::HEAD_TIME, proxy_protocol::client(socket)) => client?,
        () = unwanted => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

fn answer(
    site: Arc<Site>,
    socket: TcpStream,
    peer: SocketAddr,
    pulse: Arc<Pulse>,
) -> impl Future<Output = Option<(LiveSocket, TcpStream)>> + Send {
    let context = Arc::new(Context {
        site: Arc::clone(&site),
        peer,
        pulse: Arc::clone(&pulse),
        live: Mutex::default(),
    });
    let service = RequestService(Arc::clone(&context));
    let mut connection = http1::Builder::new()
        // An action goes on if its client disconnects, so the server need not notice that. To notice
        // it would cost one more read and one more buffer for each request.
        .half_close(true)
        .max_buf_size(limits::CONNECTION_BUFFER)
        .max_header_size(limits::HEAD)
        .serve_connection(PatientIo::new(socket, Arc::clone(&pulse)), service);
    // An `async fn` would hold its arguments twice.
    async move {
        let mut stopping = std::pin::pin!(site.core.shutdown.cancelled());
        let mut told = false;
        let becomes = poll_fn(|cx| {
            let unwanted = pulse.is_unwanted(cx);
            if unwanted && pulse.waits().is_some() {
                return Poll::Ready(None);
            }
            if !told && (unwanted || stopping.as_mut().poll(cx).is_ready()) {
                told = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            let over = Pin::new(&mut connection).poll(cx);
            if let Some(stream) = lock(&context.live).take() {
                return Poll::Ready(Some(stream));
            }
            over.map(|result| {
                if let Err(error) = result {
                    tracing::debug!(error = %LogText(&error), "a connection has ended");
                }
                None
            })
        })
        .await;
        becomes.map(|stream| (stream, connection.into_parts().io.into_socket()))
    }
}

impl Service<http::Request<Incoming>> for RequestService {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        self.0.pulse.begin();
        let context = Arc::clone(&self.0);
        let request = request.map(Body::new);
        let config = &context.site.core.config;
        let hsts = config.hsts;
        if let Err(refused) = context.site.hosts.check(&request) {
            let answer = turned_away(refused, &request);
            context.pulse.end();
            return Box::pin(ready(Ok(with_default_headers(answer, hsts))));
        }
        if request.method() == Method::POST && request.uri().path() == config.stream_path {
            return Box::pin(async move {
                let refused = context.stream(request).await;
                context.pulse.end();
                Ok(with_default_headers(refused.into_response(), hsts))
            });
        }
        // After a body without a length nobody checks where the next request begins.
        let is_last = request.body().size_hint().exact().is_none();
        Box::pin(
            self.0
                .site
                .answer(self.0.peer, request)
                .map(move |mut response| {
                    if is_last {
                        let close = HeaderValue::from_static("close");
                        response.headers_mut().insert(header::CONNECTION, close);
                    }
                    context.pulse.end();
                    Ok(response)
                }),
        )
    }
}

impl Context {
    /// Prepares a stream, and returns only if that fails. Otherwise the stream takes over the connection,
    /// which drops this future.
    async fn stream(&self, request: Request) -> Refusal {
        let client = client_address(&self.site.core, self.peer, request.headers());
        let seat = match self.site.take_seat(client) {
            Ok(seat) => seat,
            Err(refused) => return refused,
        };
        match routes::stream(Arc::clone(&self.site.core), request).await {
            Err(refused) => refused,
            Ok(stream) => {
                *lock(&self.live) = Some(LiveSocket {
                    stream,
                    hsts: self.site.core.config.hsts,
                    _seat: seat,
                });
                std::future::pending().await
            }
        }
    }
}
