//! What one connection waits for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Context,
    time::Duration,
};

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

use crate::limits;

/// The state that the socket and the service of one connection share.
#[derive(Debug)]
pub(super) struct Pulse {
    opened: Instant,
    /// Whether a request is being handled. Then the server does not wait for the client.
    busy: AtomicBool,
    /// When the latest answer was ready, or when a part of it was last written, in microseconds since
    /// `opened`; 0 before the first answer.
    answered: AtomicU64,
    /// When the first bytes of the next request head arrived, in microseconds since `opened`; 0 before
    /// that.
    head: AtomicU64,
    /// Since when the server waits for the next bytes of a body, in microseconds since `opened`; 0 if it
    /// does not.
    body: AtomicU64,
    /// Whether the connection is to be closed, because others need its room.
    unwanted: AtomicBool,
    /// Wakes the task of the connection.
    task: AtomicWaker,
}

/// What a connection waits for that its client has to do, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// For the next request.
    Idle(Instant),
    /// For the rest of a request.
    Rest(Instant),
}

impl Pulse {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            busy: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            head: AtomicU64::new(0),
            body: AtomicU64::new(0),
            unwanted: AtomicBool::new(false),
            task: AtomicWaker::new(),
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

    /// Notes that a part of a body has arrived, or that the server waits for one.
    pub(super) fn body_goes_on(&self, waits: bool) {
        let since = self.body.load(Ordering::Relaxed);
        match (waits, since) {
            (true, 0) => self.body.store(self.micros(), Ordering::Relaxed),
            (false, 1..) => self.body.store(0, Ordering::Relaxed),
            _ => {}
        }
    }

    /// What the client has to do next; `None` if the server has to do something.
    pub(super) fn waits(&self) -> Option<Wait> {
        let body = self.body.load(Ordering::Relaxed);
        if self.is_busy() {
            return (body > 0).then(|| Wait::Rest(self.at(body)));
        }
        Some(match self.head.load(Ordering::Relaxed) {
            0 => Wait::Idle(self.at(self.answered.load(Ordering::Relaxed))),
            head => Wait::Rest(self.at(head)),
        })
    }

    /// Asks the task of the connection to close it.
    pub(super) fn ask_to_close(&self) {
        self.unwanted.store(true, Ordering::SeqCst);
        self.task.wake();
    }

    /// Whether the connection is to be closed; if not, the task of `cx` is woken when it is.
    pub(super) fn is_unwanted(&self, cx: &Context<'_>) -> bool {
        // In this order, so that a call in between wakes the task.
        self.task.register(cx.waker());
        self.unwanted.load(Ordering::SeqCst)
    }

    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    pub(super) fn answer_goes_on(&self) {
        self.answered.store(self.micros(), Ordering::Relaxed);
    }

    /// Notes that bytes have arrived which belong to the next request.
    pub(super) fn head_goes_on(&self) {
        if self.head.load(Ordering::Relaxed) == 0 {
            self.head.store(self.micros(), Ordering::Relaxed);
        }
    }

    /// The deadline for the next request head, or for the rest of it.
    pub(super) fn next_request_by(&self) -> Instant {
        let answered = self.answered.load(Ordering::Relaxed);
        match self.head.load(Ordering::Relaxed) {
            0 if answered == 0 => self.opened + limits::HEAD_TIME,
            0 => self.at(answered) + limits::KEEP_ALIVE,
            head => self.at(head) + limits::HEAD_TIME,
        }
    }

    fn at(&self, micros: u64) -> Instant {
        self.opened + Duration::from_micros(micros)
    }

    /// The microseconds since the connection was opened; never 0.
    fn micros(&self) -> u64 {
        let micros = self.opened.elapsed().as_micros();
        u64::try_from(micros).unwrap_or(u64::MAX).max(1)
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
    async fn a_connection_waits_for_a_request_or_for_the_rest_of_one() {
        let pulse = Pulse::new();
        let opened = Instant::now();
        assert_eq!(pulse.waits(), Some(Wait::Idle(opened)));
        let mut now = opened;
        let mut later = async || {
            tokio::time::advance(Duration::from_secs(1)).await;
            now += Duration::from_secs(1);
            now
        };
        let head = later().await;
        pulse.head_goes_on();
        later().await;
        assert_eq!(pulse.waits(), Some(Wait::Rest(head)));
        pulse.begin();
        assert_eq!(pulse.waits(), None);
        let body = later().await;
        pulse.body_goes_on(true);
        later().await;
        pulse.body_goes_on(true);
        assert_eq!(pulse.waits(), Some(Wait::Rest(body)));
        pulse.body_goes_on(false);
        assert_eq!(pulse.waits(), None);
        let answered = later().await;
        pulse.end();
        assert_eq!(pulse.waits(), Some(Wait::Idle(answered)));
    }
}
