//! One HTTP/1 connection: requests are answered until it ends, or becomes a live stream.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    task::Poll,
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse as _, Response},
};
use http::{Method, StatusCode};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use tokio::net::TcpStream;
use tower_service::Service as _;

use super::{
    addresses::Addresses,
    live_socket::LiveSocket,
    patient_io::{PatientIo, Pulse},
};
use crate::{
    app::{Core, routes, security},
    hub::lock,
    limits,
    protocol::answer::Refused,
};

/// What all connections of a server share.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) core: Arc<Core>,
    pub(super) router: Router,
    pub(super) addresses: Addresses,
}

/// Answers the requests of one connection.
#[derive(Clone, Debug)]
struct Desk {
    site: Arc<Site>,
    peer: IpAddr,
    pulse: Arc<Pulse>,
    /// The stream that the connection is to become.
    live: Arc<Mutex<Option<LiveSocket>>>,
}

/// How a connection ends.
pub(super) enum Ended {
    Closed,
    Live(LiveSocket, TcpStream),
}

/// Answers requests until the connection ends.
pub(super) async fn serve(site: Arc<Site>, socket: TcpStream, peer: IpAddr) -> Ended {
    let pulse = Pulse::new();
    let live = Arc::new(Mutex::new(None));
    let desk = Desk {
        site: Arc::clone(&site),
        peer,
        pulse: Arc::clone(&pulse),
        live: Arc::clone(&live),
    };
    let mut connection = http1::Builder::new()
        .max_buf_size(limits::CONNECTION_BUFFER)
        .max_header_size(limits::HEAD)
        .serve_connection(PatientIo::new(socket, pulse), desk);
    let mut stopping = std::pin::pin!(site.core.shutdown.cancelled());
    let mut told = false;
    let becomes = poll_fn(|cx| {
        if !told && stopping.as_mut().poll(cx).is_ready() {
            told = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        let over = Pin::new(&mut connection).poll(cx);
        if let Some(stream) = lock(&live).take() {
            return Poll::Ready(Some(stream));
        }
        over.map(|result| {
            if let Err(error) = result {
                tracing::debug!(%error, "a connection has ended");
            }
            None
        })
    })
    .await;
    match becomes {
        None => Ended::Closed,
        Some(stream) => Ended::Live(stream, connection.into_parts().io.into_socket()),
    }
}

impl Service<http::Request<Incoming>> for Desk {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        self.pulse.begin();
        let desk = self.clone();
        let request = request.map(Body::new);
        Box::pin(async move {
            let response = desk.answer(request).await;
            desk.pulse.end();
            Ok(response)
        })
    }
}

impl Desk {
    async fn answer(&self, request: Request) -> Response {
        if request.method() == Method::POST && request.uri().path() == routes::STREAM {
            let refused = self.stream(request).await;
            let mut response = refused.into_response();
            security::add_default_headers(&mut response);
            return response;
        }
        match self.site.router.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Returns only if there is no stream: otherwise the connection is taken from under it.
    async fn stream(&self, request: Request) -> Refused {
        let Some(seat) = self.site.addresses.take_seat(self.peer) else {
            return Refused::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_streams",
                "Too many pages are open at this address.",
            )
            .retry_after(5);
        };
        match routes::stream(Arc::clone(&self.site.core), request).await {
            Err(refused) => refused,
            Ok(stream) => {
                *lock(&self.live) = Some(LiveSocket { stream, seat });
                std::future::pending().await
            }
        }
    }
}
