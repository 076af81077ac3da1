//! A TCP connection that fails on purpose, between a server and its store.
//!
//! Unlike the [`proxy`](crate::proxy), it passes bytes on without parsing them.
//!
//! ```no_run
//! # fn example(store: std::net::SocketAddr) {
//! use via_tests::link::Link;
//!
//! let link = Link::to(store);
//! link.hold(); // nothing arrives, nothing is cut
//! link.lose_answers(); // what is sent arrives, and the connection breaks before the answer
//! link.restore();
//! # }
//! ```

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A running link. When it is dropped, it takes no more connections and cuts the open ones.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    fault: Fault,
    open: Vec<TcpStream>,
    is_over: bool,
}

/// The current fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fault {
    #[default]
    None,
    /// For now nothing passes, and nothing is closed.
    Held,
    /// Nothing passes, ever, and nothing is closed.
    Silent,
    /// Each connection is cut when an answer comes.
    LosesAnswers,
    /// Each connection is closed at once.
    Refuses,
}

impl Link {
    /// Starts a link to `server` on a free port. It passes on everything.
    #[track_caller]
    #[must_use]
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("the listener has an address");
        let shared = Arc::<Shared>::default();
        let link = Self {
            address,
            shared: Arc::clone(&shared),
        };
        thread::spawn(move || {
            for near in listener.incoming() {
                if shared.lock().is_over {
                    return;
                }
                // Whatever fails, dropping both connections closes them.
                let _ = near.and_then(|near| carry(&shared, near, server));
            }
        });
        link
    }

    /// Where to connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on passes on everything, including what was held back.
    pub fn restore(&self) {
        self.set(Fault::None);
    }

    /// Drops everything that comes from either side, without closing anything.
    pub fn fall_silent(&self) {
        self.set(Fault::Silent);
    }

    /// Holds back everything that comes from either side, without closing anything.
    pub fn hold(&self) {
        self.set(Fault::Held);
    }

    /// Passes on requests, and cuts each connection when its answer comes.
    pub fn lose_answers(&self) {
        self.set(Fault::LosesAnswers);
    }

    /// Cuts all open connections, and closes each new one at once.
    pub fn refuse(&self) {
        self.set(Fault::Refuses);
        self.cut();
    }

    /// Cuts all open connections.
    fn cut(&self) {
        for connection in self.shared.lock().open.drain(..) {
            // It may have ended already.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    fn set(&self, fault: Fault) {
        self.shared.lock().fault = fault;
        self.shared.changed.notify_all();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.refuse();
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current fault, as soon as nothing is held back.
    fn fault(&self) -> Fault {
        let is_held = |state: &mut State| state.fault == Fault::Held;
        let state = self.changed.wait_while(self.lock(), is_held);
        state.unwrap_or_else(PoisonError::into_inner).fault
    }
}

/// Begins to forward one connection, with one thread for each direction.
fn carry(shared: &Arc<Shared>, near: TcpStream, server: SocketAddr) -> std::io::Result<()> {
    let mut state = shared.lock();
    if state.fault == Fault::Refuses {
        return Ok(());
    }
    let far = TcpStream::connect(server)?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    state.open.push(near.try_clone()?);
    state.open.push(far.try_clone()?);
    let (from, to, faults) = (near.try_clone()?, far.try_clone()?, Arc::clone(shared));
    thread::spawn(move || copy(from, to, &faults, false));
    let faults = Arc::clone(shared);
    thread::spawn(move || copy(far, near, &faults, true));
    Ok(())
}

fn copy(mut from: TcpStream, mut to: TcpStream, shared: &Shared, are_answers: bool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        match shared.fault() {
            Fault::Refuses => break,
            Fault::Silent => continue,
            Fault::LosesAnswers if are_answers => break,
            _ => {}
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::client::{Answer, Visitor};
    use crate::fixture::{Fixture, Reply};

    async fn ask(link: &Link) -> io::Result<Answer> {
        let visitor = Visitor::new(link.address());
        visitor.send(visitor.navigation("/")).await
    }

    #[tokio::test]
    async fn a_link_passes_loses_answers_and_refuses() {
        let asked = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&asked);
        let server = Fixture::start(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Reply::html("hello")
        });
        let link = Link::to(server.address());
        let asked = || asked.load(Ordering::SeqCst);
        ask(&link).await.unwrap().assert_ok();
        assert_eq!(asked(), 1);

        link.lose_answers();
        assert!(ask(&link).await.is_err());
        assert_eq!(asked(), 2);

        link.refuse();
        assert!(ask(&link).await.is_err());
        assert_eq!(asked(), 2);

        link.restore();
        ask(&link).await.unwrap().assert_ok();
    }

    #[tokio::test]
    async fn what_is_held_arrives_later() {
        let server = Fixture::start(|_| Reply::html("hello"));
        let link = Link::to(server.address());
        let visitor = Visitor::new(link.address());
        let mut connection = visitor.connect().await;
        link.hold();
        let request = visitor.navigation("/");
        let answer = connection.send(&request);
        tokio::pin!(answer);
        let waited = tokio::time::timeout(Duration::from_millis(50), &mut answer).await;
        assert!(waited.is_err());
        link.restore();
        assert_eq!(&answer.await.unwrap().body[..], b"hello");
    }
}
