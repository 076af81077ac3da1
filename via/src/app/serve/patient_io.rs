//! The socket of an HTTP connection, with a timeout for every wait.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead as _, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

use super::{
    framing::{Framing, WRONG},
    pulse::Pulse,
};
use crate::limits;

/// How much is read at a time.
const CHUNK: usize = 8 * 1024;

/// A socket with timeouts. The client must send a request head in time, send the next request in time,
/// and read what the server writes.
#[derive(Debug)]
pub(super) struct PatientIo {
    socket: TokioIo<TcpStream>,
    pulse: Arc<Pulse>,
    framing: Framing,
    /// Whether a request was wrong; nothing is read after it.
    is_wrong: bool,
    reading: Alarm,
    /// Since when the client has read nothing.
    stalled_since: Option<Instant>,
    writing: Alarm,
}

/// A timer that is created when it is first needed. It may wake its task too early.
#[derive(Debug, Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    fn poll(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(at)));
        // Most requests only move the deadline later. The timer is corrected when it fires.
        if at < sleep.deadline() || sleep.is_elapsed() {
            sleep.as_mut().reset(at);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() >= at {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(at);
        }
        Poll::Pending
    }
}

impl PatientIo {
    pub(super) fn new(socket: TcpStream, pulse: Arc<Pulse>) -> Self {
        Self {
            socket: TokioIo::new(socket),
            pulse,
            framing: Framing::default(),
            is_wrong: false,
            reading: Alarm::default(),
            stalled_since: None,
            writing: Alarm::default(),
        }
    }

    pub(super) fn into_socket(self) -> TcpStream {
        self.socket.into_inner()
    }

    /// Reads a part of a request. If it is wrong, the parser reads something that it refuses.
    fn read(
        &mut self,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_wrong {
            return Poll::Ready(Ok(()));
        }
        let mut chunk = [MaybeUninit::uninit(); CHUNK];
        let room = buffer.remaining().saturating_sub(WRONG.len());
        let mut read = ReadBuf::uninit(&mut chunk[..room.clamp(1, CHUNK)]);
        ready!(Pin::new(self.socket.inner_mut()).poll_read(cx, &mut read))?;
        let bytes = read.filled();
        let right = self.framing.follow(bytes);
        buffer.put_slice(&bytes[..right]);
        if right < bytes.len() {
            self.is_wrong = true;
            buffer.put_slice(&WRONG[..WRONG.len().min(buffer.remaining())]);
        }
        Poll::Ready(Ok(()))
    }

    fn written<T>(
        &mut self,
        poll: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.stalled_since = None;
            if !self.pulse.is_busy() {
                self.pulse.answer_goes_on();
            }
            return poll;
        }
        let since = *self.stalled_since.get_or_insert_with(Instant::now);
        if self
            .writing
            .poll(since + limits::WRITE_STALL, cx)
            .is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl Read for PatientIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let read = this.read(cx, buffer);
        if this.pulse.is_busy() {
            this.pulse.body_goes_on(read.is_pending());
            return read;
        }
        if read.is_ready() {
            this.pulse.head_goes_on();
            return read;
        }
        let by = this.pulse.next_request_by();
        if this.reading.poll(by, cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl Write for PatientIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.written(poll, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write_vectored(cx, bytes);
        self.written(poll, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_alarm_rings_at_the_time_that_it_was_asked_for_last() {
        let started = Instant::now();
        let at = |secs| started + Duration::from_secs(secs);
        let mut alarm = Alarm::default();
        let early = std::future::poll_fn(|cx| Poll::Ready(alarm.poll(at(10), cx))).await;
        assert!(early.is_pending());
        std::future::poll_fn(|cx| alarm.poll(at(30), cx)).await;
        assert_eq!(Instant::now(), at(30));
        std::future::poll_fn(|cx| alarm.poll(at(40), cx)).await;
        assert_eq!(Instant::now(), at(40));
        let again = std::future::poll_fn(|cx| Poll::Ready(alarm.poll(at(90), cx))).await;
        assert!(again.is_pending());
        std::future::poll_fn(|cx| alarm.poll(at(50), cx)).await;
        assert_eq!(Instant::now(), at(50));
    }
}
