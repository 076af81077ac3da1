//! The state that all connections of a server share. It answers their requests.

use std::{
    collections::HashMap,
    future::Future,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    response::Response,
};
use futures_util::{FutureExt as _, future::Either};
use http::Method;
use tower_service::Service as _;

use super::{
    addresses::{Addresses, Seat},
    connections::Connections,
};
use crate::{
    app::{hosts::Hosts, routes, security},
    page::PageEntry,
    refusal::Refusal,
    runtime::Core,
};

/// The state that all connections of a server share.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) core: Arc<Core>,
    pub(super) router: Router,
    /// What requests may name as the host.
    pub(super) hosts: Hosts,
    /// The pages that the server finds without the router.
    pub(super) plain: HashMap<&'static str, Arc<PageEntry>>,
    pub(super) addresses: Addresses,
    pub(super) connections: Arc<Connections>,
}

impl Site {
    /// Answers a request that does not ask for a stream.
    pub(super) fn answer(
        &self,
        peer: SocketAddr,
        mut request: Request,
    ) -> impl Future<Output = Response> + Send + use<> {
        // The most frequent request skips the router, which would give the same answer.
        if request.method() == Method::POST
            && let Some(page) = self.plain.get(request.uri().path())
        {
            let (core, page) = (Arc::clone(&self.core), Arc::clone(page));
            let hsts = core.config.hsts;
            return Either::Left(
                routes::acted(core, page, Vec::new(), Some(peer), request)
                    .map(move |response| with_default_headers(response, hsts)),
            );
        }
        request.extensions_mut().insert(ConnectInfo(peer));
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

    /// Counts one more stream of a client, or refuses it.
    pub(super) fn take_seat(&self, client: IpAddr) -> Result<Seat, Refusal> {
        self.addresses
            .take_seat(client)
            .ok_or(Refusal::TOO_MANY_STREAMS)
    }
}

/// Adds the headers that the router's middleware adds to every other answer.
pub(super) fn with_default_headers(mut response: Response, hsts: bool) -> Response {
    security::add_default_headers(&mut response, hsts);
    response
}
