//! One connection: what it speaks is found out, and its requests are answered.

use std::{collections::HashMap, future::Future, net::IpAddr, sync::Arc};

use axum::{Router, extract::Request, response::Response};
use futures_util::{FutureExt as _, future::Either};
use http::{Method, StatusCode};
use tokio::{net::TcpStream, time::sleep_until};
use tower_service::Service as _;

use super::{
    addresses::{Addresses, Seat},
    http1, http2,
    live_socket::LiveSocket,
    patient_io::Pulse,
    protocol::{self, Protocol},
};
use crate::{
    app::{routes, security},
    page::PageEntry,
    protocol::answer::Refused,
    runtime::Core,
};

/// What all connections of a server share.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) core: Arc<Core>,
    pub(super) router: Router,
    /// The pages that are found without the router.
    pub(super) plain: HashMap<&'static str, Arc<PageEntry>>,
    pub(super) addresses: Addresses,
}

/// Answers requests until the connection ends, or is to become a live stream.
pub(super) fn serve(
    site: Arc<Site>,
    socket: TcpStream,
    peer: IpAddr,
) -> impl Future<Output = Option<(LiveSocket, TcpStream)>> + Send {
    let pulse = Pulse::new();
    // The arguments of an `async fn` would be held twice.
    async move {
        let spoken = tokio::select! {
            biased;
            spoken = protocol::spoken(&socket) => spoken.ok()?,
            () = site.core.shutdown.cancelled() => return None,
            () = sleep_until(pulse.next_request_by()) => return None,
        };
        match spoken {
            Protocol::Http1 => http1::serve(site, socket, peer, pulse).await,
            Protocol::Http2 => {
                // On the heap, so that connections of the other kind stay small.
                Box::pin(http2::serve(site, socket, peer, pulse)).await;
                None
            }
        }
    }
}

impl Site {
    /// Answers what is no request for a stream.
    pub(super) fn answer(&self, request: Request) -> impl Future<Output = Response> + Send + use<> {
        // What is most frequent, without a way around: the router would come to the same.
        if request.method() == Method::POST
            && let Some(page) = self.plain.get(request.uri().path())
        {
            let (core, page) = (Arc::clone(&self.core), Arc::clone(page));
            return Either::Left(routes::acted(core, page, Vec::new(), request).map(finished));
        }
        Either::Right(
            self.router
                .clone()
                .call(request)
                .map(|answer| match answer {
                    Ok(response) => response,
                    Err(never) => match never {},
                }),
        )
    }

    /// A place for one more stream of `peer`.
    pub(super) fn take_seat(&self, peer: IpAddr) -> Result<Seat, Refused> {
        self.addresses.take_seat(peer).ok_or_else(|| {
            Refused::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_streams",
                "Too many pages are open at this address.",
            )
            .retry_after(5)
        })
    }
}

/// Whether `request` is for a live stream.
pub(super) fn is_for_a_stream<B>(request: &http::Request<B>) -> bool {
    request.method() == Method::POST && request.uri().path() == routes::STREAM
}

/// As the router's middleware would leave it.
pub(super) fn finished(mut response: Response) -> Response {
    security::add_default_headers(&mut response);
    response
}
