//! The socket of an HTTP connection, with a timeout for every wait.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

use crate::limits;

/// The state that the socket and the service of one connection share.
#[derive(Debug)]
pub(super) struct Pulse {
    opened: Instant,
    /// Whether a request is being handled. Then the server does not wait for the client.
    busy: AtomicBool,
    /// When the latest answer was ready, or when a part of it was last written, in milliseconds since
    /// `opened`; 0 before the first answer.
    answered: AtomicU64,
    /// When the first bytes of the next request head arrived, in milliseconds since `opened`; 0 before
    /// that.
    head: AtomicU64,
}

impl Pulse {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            busy: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            head: AtomicU64::new(0),
        })
    }

    /// Notes that a request has arrived.
    pub(super) fn begin(&self) {
        self.busy.store(true, Ordering::Relaxed);
        self.head.store(0, Ordering::Relaxed);
    }

    /// Notes that the answer is ready to be written.
    pub(super) fn end(&self) {
        self.answer_goes_on();
        self.busy.store(false, Ordering::Relaxed);
    }

    fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    fn answer_goes_on(&self) {
        self.answered.store(self.millis(), Ordering::Relaxed);
    }

    /// Notes that bytes have arrived which belong to the next request.
    fn head_goes_on(&self) {
        if self.head.load(Ordering::Relaxed) == 0 {
            self.head.store(self.millis(), Ordering::Relaxed);
        }
    }

    /// The deadline for the next request head, or for the rest of it.
    fn next_request_by(&self) -> Instant {
        let at = |millis| self.opened + Duration::from_millis(millis);
        let answered = self.answered.load(Ordering::Relaxed);
        match self.head.load(Ordering::Relaxed) {
            0 if answered == 0 => self.opened + limits::HEAD_TIME,
            0 => at(answered) + limits::KEEP_ALIVE,
            head => at(head) + limits::HEAD_TIME,
        }
    }

    /// The milliseconds since the connection was opened; never 0.
    fn millis(&self) -> u64 {
        let millis = self.opened.elapsed().as_millis();
        u64::try_from(millis).unwrap_or(u64::MAX).max(1)
    }
}

/// A socket with timeouts. The client must send a request head in time, send the next request in time,
/// and read what the server writes.
#[derive(Debug)]
pub(super) struct PatientIo {
    socket: TokioIo<TcpStream>,
    pulse: Arc<Pulse>,
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
            reading: Alarm::default(),
            stalled_since: None,
            writing: Alarm::default(),
        }
    }

    pub(super) fn into_socket(self) -> TcpStream {
        self.socket.into_inner()
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
        let read = Pin::new(&mut this.socket).poll_read(cx, buffer);
        if this.pulse.is_busy() {
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
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_head_is_waited_for_shortly_and_the_next_request_for_longer() {
        let pulse = Pulse::new();
        let opened = Instant::now();
        assert_eq!(pulse.next_request_by(), opened + limits::HEAD_TIME);
        tokio::time::advance(Duration::from_secs(5)).await;
        pulse.begin();
        assert!(pulse.is_busy());
        tokio::time::advance(Duration::from_mins(1)).await;
        pulse.end();
        assert!(!pulse.is_busy());
        let answered = opened + Duration::from_secs(65);
        assert_eq!(pulse.next_request_by(), answered + limits::KEEP_ALIVE);
        tokio::time::advance(Duration::from_secs(20)).await;
        pulse.head_goes_on();
        tokio::time::advance(Duration::from_secs(1)).await;
        pulse.head_goes_on();
        let begun = answered + Duration::from_secs(20);
        assert_eq!(pulse.next_request_by(), begun + limits::HEAD_TIME);
    }

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
