//! The open connections, and which of them are closed if there is no room for another.
//!
//! A client that keeps a connection open between two requests needs it less than one that wants to
//! connect. So the connections that were idle for the longest time are closed first.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use super::pulse::{Pulse, Wait};
use crate::{address::AddressBlock, lock::lock};

/// How long to wait for room before more connections are closed.
const PATIENCE: Duration = Duration::from_millis(100);

/// Which part of the connections that can be closed are closed at a time: more than one of many, so that
/// a flood of connections costs little.
const SHARE: usize = 64;

/// The open connections of a server.
#[derive(Debug)]
pub(super) struct Connections {
    room: Arc<Semaphore>,
    per_address: usize,
    open: Mutex<Open>,
    /// Whether the log says already that an address has too many connections.
    warned: AtomicBool,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Connection>,
    counts: HashMap<AddressBlock, usize>,
}

#[derive(Debug)]
struct Connection {
    pulse: Arc<Pulse>,
    origin: Origin,
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Not known before the proxy has said it.
    Unknown,
    /// From a trusted proxy, which has many clients and no limit of its own.
    Proxy,
    /// From a client.
    Client(AddressBlock),
}

/// Counts as one connection until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    connections: Arc<Connections>,
    id: u64,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Connections {
    pub(super) fn new(limit: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self {
            room: Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))),
            per_address,
            open: Mutex::default(),
            warned: AtomicBool::new(false),
        })
    }

    /// Counts one more connection, when there is room for it.
    pub(super) async fn admit(self: &Arc<Self>, pulse: Arc<Pulse>) -> Seat {
        let mut permit = Arc::clone(&self.room).try_acquire_owned().ok();
        while permit.is_none() {
            self.make_room();
            // The semaphore is never closed. Without a permit there would only be no limit.
            let waiting = timeout(PATIENCE, Arc::clone(&self.room).acquire_owned()).await;
            permit = match waiting {
                Ok(permit) => permit.ok(),
                Err(_) => continue,
            };
        }
        let mut open = lock(&self.open);
        let id = open.next;
        open.next += 1;
        let origin = Origin::Unknown;
        open.connections.insert(id, Connection { pulse, origin });
        Seat {
            connections: Arc::clone(self),
            id,
            _permit: permit,
        }
    }

    /// Closes connections that wait for their clients; returns how many.
    pub(super) fn make_room(&self) -> usize {
        lock(&self.open).close(|_| true)
    }
}

impl Seat {
    /// Counts the connection where it comes from. Returns `false` if its address has as many connections
    /// as it may have, and the server works for all of them.
    pub(super) fn comes_from(&self, origin: Origin) -> bool {
        let connections = &self.connections;
        let limit = connections.per_address;
        let mut open = lock(&connections.open);
        if let Origin::Client(block) = origin {
            let same = |it: Origin| it == origin;
            if open.count(block) >= limit {
                open.close(same);
            }
            if open.count(block) >= limit {
                if !connections.warned.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        limit,
                        "an address has too many connections, so further ones are closed; if it is a \
                         proxy, name it with `App::trusted_proxies`"
                    );
                }
                return false;
            }
            *open.counts.entry(block).or_default() += 1;
        }
        match open.connections.get_mut(&self.id) {
            Some(connection) => connection.origin = origin,
            // It was closed in the meantime.
            None => open.uncount(origin),
        }
        true
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.connections.open).remove(self.id);
    }
}

impl Open {
    fn count(&self, block: AddressBlock) -> usize {
        self.counts.get(&block).copied().unwrap_or(0)
    }

    fn uncount(&mut self, origin: Origin) {
        if let Origin::Client(block) = origin
            && let Some(count) = self.counts.get_mut(&block)
        {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&block);
            }
        }
    }

    fn remove(&mut self, id: u64) -> Option<Arc<Pulse>> {
        let connection = self.connections.remove(&id)?;
        self.uncount(connection.origin);
        Some(connection.pulse)
    }

    /// Closes some connections of these origins that wait for their clients; returns how many.
    fn close(&mut self, of: impl Fn(Origin) -> bool) -> usize {
        let mut spare: Vec<((u8, Instant), u64)> = self
            .connections
            .iter()
            .filter(|(_, connection)| of(connection.origin))
            .filter_map(|(id, connection)| Some((connection.closed_before()?, *id)))
            .collect();
        let count = spare.len().div_ceil(SHARE);
        if count < spare.len() {
            spare.select_nth_unstable(count);
            spare.truncate(count);
        }
        for (_, id) in spare {
            if let Some(pulse) = self.remove(id) {
                pulse.ask_to_close();
            }
        }
        count
    }
}

impl Connection {
    /// The lowest is closed first; `None` is not closed.
    fn closed_before(&self) -> Option<(u8, Instant)> {
        let is_proxy = self.origin == Origin::Proxy;
        match self.pulse.waits()? {
            Wait::Idle(since) if !is_proxy => Some((0, since)),
            Wait::Rest(since) if !is_proxy => Some((1, since)),
            Wait::Idle(since) => Some((2, since)),
            // A proxy sends requests that it has received.
            Wait::Rest(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        net::{IpAddr, Ipv4Addr},
        task::Poll,
    };

    use futures_util::FutureExt as _;

    use super::*;

    fn from(last: u8) -> Origin {
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        Origin::Client(AddressBlock::of(address))
    }

    async fn is_closed(pulse: &Pulse) -> bool {
        poll_fn(|cx| Poll::Ready(pulse.is_unwanted(cx))).await
    }

    /// A connection that was opened a second after the one before.
    async fn open(connections: &Arc<Connections>, origin: Origin) -> Option<(Arc<Pulse>, Seat)> {
        tokio::time::advance(Duration::from_secs(1)).await;
        let pulse = Pulse::new();
        let seat = connections.admit(Arc::clone(&pulse)).now_or_never()?;
        seat.comes_from(origin).then_some((pulse, seat))
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_keeps_its_limit_by_closing_what_was_idle_longest() {
        let connections = Connections::new(100, 3);
        let (one, _one) = open(&connections, from(1)).await.unwrap();
        let (two, _two) = open(&connections, from(1)).await.unwrap();
        let (three, _three) = open(&connections, from(1)).await.unwrap();
        let (other, _other) = open(&connections, from(2)).await.unwrap();
        // The first has made a request since.
        one.begin();
        one.end();
        let (four, _four) = open(&connections, from(1)).await.unwrap();
        assert!(is_closed(&two).await);
        for pulse in [one, three, four, other] {
            assert!(!is_closed(&pulse).await);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_for_which_the_server_works_on_all_connections_gets_no_more() {
        let connections = Connections::new(100, 2);
        let mut seats = Vec::new();
        for _ in 0..2 {
            let (pulse, seat) = open(&connections, from(1)).await.unwrap();
            pulse.begin();
            seats.push((pulse, seat));
        }
        assert!(open(&connections, from(1)).await.is_none());
        assert!(open(&connections, from(2)).await.is_some());
        assert!(open(&connections, Origin::Proxy).await.is_some());
        seats.pop();
        assert!(open(&connections, from(1)).await.is_some());
        drop(seats);
        let open = lock(&connections.open);
        assert_eq!((open.connections.len(), open.counts.len()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_server_closes_idle_connections_then_unfinished_requests_then_those_of_proxies()
    {
        let connections = Connections::new(4, 4);
        let (proxy, proxy_seat) = open(&connections, Origin::Proxy).await.unwrap();
        let (unfinished, unfinished_seat) = open(&connections, from(1)).await.unwrap();
        unfinished.begin();
        unfinished.body_goes_on(true);
        let (busy, busy_seat) = open(&connections, from(2)).await.unwrap();
        busy.begin();
        let (idle, idle_seat) = open(&connections, from(3)).await.unwrap();
        let mut kept = vec![busy_seat];
        for (victim, seat) in [
            (&idle, idle_seat),
            (&unfinished, unfinished_seat),
            (&proxy, proxy_seat),
        ] {
            let pulse = Pulse::new();
            pulse.begin();
            let mut coming = Box::pin(connections.admit(pulse));
            assert!(coming.as_mut().now_or_never().is_none());
            assert!(is_closed(victim).await);
            // Its task ends.
            drop(seat);
            kept.push(coming.await);
        }
        assert!(!is_closed(&busy).await);
        assert!(open(&connections, from(4)).await.is_none());
    }
}
