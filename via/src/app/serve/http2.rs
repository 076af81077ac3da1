//! One HTTP/2 connection: many requests at a time, live streams among them.
//!
//! It is spoken with prior knowledge, as proxies do behind which browsers are.

mod pace;
mod paced_body;
mod requests;
mod tasks;

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    net::IpAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
};

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse as _, Response},
};
use hyper::{body::Incoming, server::conn::http2, service::Service};
use hyper_util::rt::TokioTimer;
use tokio::net::TcpStream;

use self::{pace::Pace, paced_body::PacedBody, requests::Requests, tasks::Tasks};
use super::{
    addresses::Seat,
    connection::{Site, finished, is_for_a_stream},
    patient_io::{Alarm, PatientIo, Pulse},
};
use crate::{
    app::{live_stream, routes},
    limits,
    protocol::answer::Refused,
};

/// Answers the requests of one connection.
#[derive(Debug)]
struct Desk {
    site: Arc<Site>,
    peer: IpAddr,
}

/// The same, as hyper calls it.
struct Bell {
    desk: Arc<Desk>,
    requests: Requests,
}

/// Answers requests until the connection ends.
pub(super) async fn serve(site: Arc<Site>, socket: TcpStream, peer: IpAddr, pulse: Arc<Pulse>) {
    let requests = Requests::new(pulse.next_request_by());
    // What the other side owes is not seen from the bytes that come: to the socket, all is one
    // request, whose answer it must take.
    pulse.begin();
    let bell = Bell {
        desk: Arc::new(Desk {
            site: Arc::clone(&site),
            peer,
        }),
        requests: requests.clone(),
    };
    let tasks = Tasks::new(site.core.slow_readers.clone());
    let connection = http2::Builder::new(tasks)
        .timer(TokioTimer::new())
        .keep_alive_interval(limits::HEARTBEAT)
        .keep_alive_timeout(limits::WRITE_STALL)
        .max_concurrent_streams(limits::REQUESTS_PER_CONNECTION)
        .max_header_list_size(window(limits::HEAD))
        .initial_stream_window_size(window(limits::BODY))
        .initial_connection_window_size(limits::UNREAD_BODIES)
        .max_send_buf_size(limits::CONNECTION_BUFFER)
        .serve_connection(PatientIo::new(socket, pulse), bell);
    let mut connection = pin!(connection);
    let mut stopping = pin!(site.core.shutdown.cancelled());
    let mut told = false;
    let mut idle = Alarm::default();
    poll_fn(|cx| {
        if !told && stopping.as_mut().poll(cx).is_ready() {
            told = true;
            requests.are_the_last();
            connection.as_mut().graceful_shutdown();
        }
        loop {
            if let Poll::Ready(result) = connection.as_mut().poll(cx) {
                if let Err(error) = result {
                    tracing::debug!(%error, "a connection has ended");
                }
                return Poll::Ready(());
            }
            if idle.poll(requests.next_by(), cx).is_pending() {
                return Poll::Pending;
            }
            if told || requests.are_none() {
                return Poll::Ready(());
            }
            // A request that is on its way is answered.
            told = true;
            requests.are_the_last();
            connection.as_mut().graceful_shutdown();
        }
    })
    .await;
}

/// As HTTP/2 counts bytes.
fn window(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl Service<http::Request<Incoming>> for Bell {
    type Response = Response<PacedBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        let open = self.requests.begin();
        let desk = Arc::clone(&self.desk);
        let request = request.map(Body::new);
        Box::pin(async move {
            let pace = Pace::of_this_task();
            let (response, seat) = desk.answer(request, &pace).await;
            Ok(response.map(|body| PacedBody::new(body, pace, (open, seat))))
        })
    }
}

impl Desk {
    /// The answer, and for as long as it lasts the place of a stream.
    async fn answer(&self, request: Request, pace: &Arc<Pace>) -> (Response, Option<Seat>) {
        if !is_for_a_stream(&request) {
            return (self.site.answer(request).await, None);
        }
        match self.stream(request, pace).await {
            Ok((response, seat)) => (finished(response), Some(seat)),
            Err(refused) => (finished(refused.into_response()), None),
        }
    }

    async fn stream(
        &self,
        request: Request,
        pace: &Arc<Pace>,
    ) -> Result<(Response, Seat), Refused> {
        let seat = self.site.take_seat(self.peer)?;
        let version = request.version();
        let stream = routes::stream(Arc::clone(&self.site.core), request).await?;
        let pace = Arc::clone(pace);
        let body = stream.into_body(move |stream, out| pace.keep(stream.keeps(out)));
        Ok((live_stream::respond(body, version), seat))
    }
}
