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
    body::Body,
    extract::Request,
    response::{IntoResponse as _, Response},
};
use futures_util::FutureExt as _;
use hyper::{body::Incoming, server::conn::http1, service::Service};
use tokio::net::TcpStream;

use super::{
    connection::{Site, finished, is_for_a_stream},
    live_socket::LiveSocket,
    patient_io::{PatientIo, Pulse},
};
use crate::{app::routes, limits, lock::lock, protocol::answer::Refused};

/// Answers the requests of one connection.
#[derive(Debug)]
struct Desk {
    site: Arc<Site>,
    peer: IpAddr,
    pulse: Arc<Pulse>,
    /// The stream that the connection is to become.
    live: Mutex<Option<LiveSocket>>,
}

/// The same, as hyper calls it.
struct Bell(Arc<Desk>);

/// Answers requests until the connection ends, or is to become a live stream.
pub(super) fn serve(
    site: Arc<Site>,
    socket: TcpStream,
    peer: IpAddr,
    pulse: Arc<Pulse>,
) -> impl Future<Output = Option<(LiveSocket, TcpStream)>> + Send {
    let desk = Arc::new(Desk {
        site: Arc::clone(&site),
        peer,
        pulse: Arc::clone(&pulse),
        live: Mutex::default(),
    });
    let bell = Bell(Arc::clone(&desk));
    let mut connection = http1::Builder::new()
        // An action goes on when its client goes away, so nobody has to look whether it did: that would
        // be one more read, and one more buffer, for each request.
        .half_close(true)
        .max_buf_size(limits::CONNECTION_BUFFER)
        .max_header_size(limits::HEAD)
        .serve_connection(PatientIo::new(socket, pulse), bell);
    // The arguments of an `async fn` would be held twice.
    async move {
        let mut stopping = std::pin::pin!(site.core.shutdown.cancelled());
        let mut told = false;
        let becomes = poll_fn(|cx| {
            if !told && stopping.as_mut().poll(cx).is_ready() {
                told = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            let over = Pin::new(&mut connection).poll(cx);
            if let Some(stream) = lock(&desk.live).take() {
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
        becomes.map(|stream| (stream, connection.into_parts().io.into_socket()))
    }
}

impl Service<http::Request<Incoming>> for Bell {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        self.0.pulse.begin();
        let desk = Arc::clone(&self.0);
        let request = request.map(Body::new);
        if is_for_a_stream(&request) {
            return Box::pin(async move {
                let refused = desk.stream(request).await;
                desk.pulse.end();
                Ok(finished(refused.into_response()))
            });
        }
        Box::pin(self.0.site.answer(request).map(move |response| {
            desk.pulse.end();
            Ok(response)
        }))
    }
}

impl Desk {
    /// Returns only if there is no stream: otherwise the connection is taken from under it.
    async fn stream(&self, request: Request) -> Refused {
        let seat = match self.site.take_seat(self.peer) {
            Ok(seat) => seat,
            Err(refused) => return refused,
        };
        match routes::stream(Arc::clone(&self.site.core), request).await {
            Err(refused) => refused,
            Ok(stream) => {
                *lock(&self.live) = Some(LiveSocket {
                    stream,
                    _seat: seat,
                });
                std::future::pending().await
            }
        }
    }
}
