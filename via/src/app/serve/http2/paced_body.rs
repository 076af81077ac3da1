//! The body of an answer over HTTP/2.
//!
//! The connection asks for the next piece when it has room for the one before. Pieces are small, so
//! that a reader who is slow is told from one who takes nothing, and so that little is kept for him
//! in the buffers of the connection.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::{pace::Pace, requests::OpenRequest};
use crate::{app::serve::addresses::Seat, limits};

/// A body that is handed out in pieces.
#[derive(Debug)]
pub(super) struct PacedBody {
    body: Body,
    /// What is left of the latest chunk.
    rest: Bytes,
    pace: Arc<Pace>,
    /// Given back with the end of the answer.
    _held: (OpenRequest, Option<Seat>),
}

impl PacedBody {
    pub(super) fn new(body: Body, pace: Arc<Pace>, held: (OpenRequest, Option<Seat>)) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            pace,
            _held: held,
        }
    }
}

impl HttpBody for PacedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        this.pace.is_taken();
        if this.rest.is_empty() {
            let chunk = match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(chunk) => chunk,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                other => return Poll::Ready(other),
            };
            if chunk.len() <= limits::PIECE {
                this.pace.hand_out();
                return Poll::Ready(Some(Ok(Frame::data(chunk))));
            }
            this.rest = chunk;
        }
        let piece = this.rest.split_to(this.rest.len().min(limits::PIECE));
        // A part keeps the whole in memory, and the connection may keep it for longer than its task.
        let piece = Bytes::copy_from_slice(&piece);
        this.pace.hand_out();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.rest.is_empty() {
            self.body.size_hint()
        } else {
            SizeHint::default()
        }
    }
}
