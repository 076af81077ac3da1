//! A TCP connection that fails on purpose: between clients and a server, or between a server and
//! its store.
//!
//! Unlike the [`proxy`](crate::proxy), it does not understand what passes, and costs little. A rule
//! decides about each piece that a client sends; a request that was written at once and is not
//! large is one piece.
//!
//! ```no_run
//! # async fn example(server: std::net::SocketAddr) {
//! use via_tests::link::{Fate, Link};
//!
//! let link = Link::start(server).await;
//! link.rule(|piece| if piece.is_action() && piece.nth % 3 == 0 { Fate::CutAnswer } else { Fate::Pass });
//! link.hold(); // nothing arrives, nothing is cut
//! link.restore();
//! # }
//! ```

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// What happens to what a client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is passed on.
    Pass,
    /// The connection is cut before the server hears of it.
    Cut,
    /// It is passed on; the connection is cut when the server answers, or a moment later.
    CutAnswer,
    /// It is passed on; and again, so much later, over a connection of its own.
    Again(Duration),
    /// It is passed on so much later.
    Delay(Duration),
}

/// Something that a client sent.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Which one it is of all that passed this link, counted from 1.
    pub nth: u64,
    /// What it is.
    pub bytes: &'a [u8],
}

impl Piece<'_> {
    /// Whether it is the request of an action.
    #[must_use]
    pub fn is_action(&self) -> bool {
        const MARK: &[u8] = b"via-request: action";
        self.bytes.starts_with(b"POST ") && self.bytes.windows(MARK.len()).any(|part| part == MARK)
    }
}

type Rule = dyn Fn(Piece<'_>) -> Fate + Send + Sync;

/// A running link. It ends, with its port and its connections, when it is dropped.
pub struct Link {
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    address: SocketAddr,
    upstream: SocketAddr,
    rule: RwLock<Arc<Rule>>,
    state: watch::Sender<State>,
    pieces: AtomicU64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    /// How often all connections were cut.
    cuts: u64,
    held: bool,
    refusing: bool,
}

impl Link {
    /// Starts a link to `upstream` on a free port. It passes everything on.
    pub async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let shared = Arc::new(Shared {
            address: listener.local_addr().expect("the port"),
            upstream,
            rule: RwLock::new(Arc::new(|_| Fate::Pass)),
            state: watch::Sender::default(),
            pieces: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { shared, accepting }
    }

    /// Where to connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Decides from now on about each piece that a client sends.
    pub fn rule(&self, rule: impl Fn(Piece<'_>) -> Fate + Send + Sync + 'static) {
        let mut place = self
            .shared
            .rule
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *place = Arc::new(rule);
    }

    /// Passes everything on from now on, and lets connections be made.
    pub fn restore(&self) {
        self.rule(|_| Fate::Pass);
        self.shared.state.send_modify(|state| {
            state.held = false;
            state.refusing = false;
        });
    }

    /// Holds back whatever comes, from either side, without closing anything: packets are lost.
    pub fn hold(&self) {
        self.shared.state.send_modify(|state| state.held = true);
    }

    /// Cuts all open connections.
    pub fn cut(&self) {
        self.shared.state.send_modify(|state| state.cuts += 1);
    }

    /// Cuts all open connections, and closes each new one at once.
    pub fn refuse(&self) {
        self.shared.state.send_modify(|state| {
            state.cuts += 1;
            state.refusing = true;
        });
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("address", &self.shared.address)
            .field("upstream", &self.shared.upstream)
            .finish_non_exhaustive()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
        self.refuse();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            if !shared.state.borrow().refusing {
                // Whatever ends it, both connections are closed by being dropped.
                let _ = carry(&shared, client).await;
            }
        });
    }
}

/// Carries one connection until one side ends it, or it is cut.
async fn carry(shared: &Arc<Shared>, mut client: TcpStream) -> io::Result<()> {
    let mut state = shared.state.subscribe();
    let cuts = state.borrow_and_update().cuts;
    client.set_nodelay(true)?;
    let mut server = TcpStream::connect(shared.upstream).await?;
    server.set_nodelay(true)?;
    let (mut from_client, mut from_server) = (vec![0; 32 * 1024], vec![0; 32 * 1024]);
    let mut answer_is_cut = false;
    loop {
        let held = state.borrow().held;
        tokio::select! {
            changed = state.changed() => {
                if changed.is_err() || state.borrow().cuts != cuts {
                    return Ok(());
                }
            }
            read = client.read(&mut from_client), if !held => {
                let piece = &from_client[..read?];
                if piece.is_empty() {
                    return Ok(());
                }
                match shared.fate(piece) {
                    Fate::Pass => {}
                    Fate::Cut => return Ok(()),
                    Fate::CutAnswer => answer_is_cut = true,
                    Fate::Again(later) => again(shared.upstream, piece.to_vec(), later),
                    Fate::Delay(time) => sleep(time).await,
                }
                server.write_all(piece).await?;
            }
            read = server.read(&mut from_server), if !held => {
                let piece = &from_server[..read?];
                if piece.is_empty() || answer_is_cut {
                    return Ok(());
                }
                client.write_all(piece).await?;
            }
        }
    }
}

/// Sends a request again; nobody reads the answer.
fn again(upstream: SocketAddr, request: Vec<u8>, later: Duration) {
    tokio::spawn(async move {
        sleep(later).await;
        let mut server = TcpStream::connect(upstream).await?;
        server.write_all(&request).await?;
        // Until it was answered: a server may drop what belongs to a connection that is gone.
        server.read(&mut [0; 1024]).await
    });
}

impl Shared {
    fn fate(&self, bytes: &[u8]) -> Fate {
        let nth = self.pieces.fetch_add(1, Ordering::Relaxed) + 1;
        let rule = Arc::clone(&self.rule.read().unwrap_or_else(PoisonError::into_inner));
        rule(Piece { nth, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Browser, Wire};
    use crate::fixture::{Fixture, Reply};

    async fn ask(link: &Link) -> io::Result<u16> {
        let mut wire = Wire::open(link.address()).await?;
        Ok(wire.send(&Browser::new().get("/")).await?.status)
    }

    #[tokio::test]
    async fn a_link_passes_cuts_repeats_and_refuses() {
        let asked = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&asked);
        let server = Fixture::start(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Reply::html("hello")
        });
        let link = Link::start(server.address()).await;
        let asked = || asked.load(Ordering::SeqCst);
        assert_eq!(ask(&link).await.unwrap(), 200);
        assert_eq!(asked(), 1);

        link.rule(|_| Fate::Cut);
        assert!(ask(&link).await.is_err());
        assert_eq!(asked(), 1);

        link.rule(|_| Fate::CutAnswer);
        assert!(ask(&link).await.is_err());
        assert_eq!(asked(), 2);

        link.rule(|_| Fate::Again(Duration::ZERO));
        assert_eq!(ask(&link).await.unwrap(), 200);
        crate::patience::eventually("it was sent twice", async || (asked() == 4).then_some(()))
            .await;

        link.refuse();
        assert!(ask(&link).await.is_err());
        link.restore();
        assert_eq!(ask(&link).await.unwrap(), 200);
    }

    #[tokio::test]
    async fn what_is_held_arrives_later() {
        let server = Fixture::start(|_| Reply::html("hello"));
        let link = Link::start(server.address()).await;
        let mut wire = Wire::open(link.address()).await.unwrap();
        link.hold();
        let request = Browser::new().get("/");
        let answer = wire.send(&request);
        tokio::pin!(answer);
        let waited = tokio::time::timeout(Duration::from_millis(50), &mut answer).await;
        assert!(waited.is_err());
        link.restore();
        assert_eq!(answer.await.unwrap().body, b"hello");
    }
}
