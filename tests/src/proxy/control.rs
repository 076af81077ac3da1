//! The proxy's thread, and what a test can change while it runs.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc as commands, watch};

use super::relay::relay;
use super::{Exchange, Fate};
use crate::server::free_address;

type Rule = dyn Fn(&Exchange) -> Fate + Send + Sync;

/// State shared by the test, the proxy's thread and its connections.
pub(super) struct Control {
    pub(super) address: SocketAddr,
    pub(super) upstream: SocketAddr,
    pub(super) rule: Mutex<Arc<Rule>>,
    pub(super) released: watch::Sender<u64>,
    pub(super) cuts: watch::Sender<u64>,
    /// Whether cookies pass.
    pub(super) cookies: AtomicBool,
    /// The delay in each direction, in microseconds.
    one_way: AtomicU64,
    exchanges: Mutex<Vec<Exchange>>,
    commands: commands::UnboundedSender<Command>,
}

enum Command {
    Listen(bool, mpsc::Sender<()>),
    Stop,
}

impl Control {
    pub(super) fn start(upstream: SocketAddr) -> Arc<Self> {
        let (sender, receiver) = commands::unbounded_channel();
        // Bound here and kept: a free address may belong to another process a moment later.
        let listener = loop {
            if let Ok(listener) = std::net::TcpListener::bind(free_address()) {
                break listener;
            }
        };
        listener.set_nonblocking(true).expect("a socket for tokio");
        let control = Arc::new(Self {
            address: listener.local_addr().expect("the port"),
            upstream,
            rule: Mutex::new(Arc::new(|_: &Exchange| Fate::Pass)),
            released: watch::Sender::new(0),
            cuts: watch::Sender::new(0),
            cookies: AtomicBool::new(true),
            one_way: AtomicU64::new(0),
            exchanges: Mutex::default(),
            commands: sender,
        });
        let shared = Arc::clone(&control);
        // Its own thread, because it serves tests with and without a runtime, and must continue while a
        // test blocks.
        thread::Builder::new()
            .name("proxy".into())
            .spawn(move || {
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime")
                    .block_on(async {
                        let listener = TcpListener::from_std(listener).expect("a socket of tokio");
                        run(shared, listener, receiver).await;
                    });
            })
            .expect("a thread for the proxy");
        control
    }

    /// Opens or closes the port, and returns when that is done.
    pub(super) fn set_listening(&self, listening: bool) {
        let (done, wait) = mpsc::channel();
        let sent = self.commands.send(Command::Listen(listening, done));
        assert!(sent.is_ok() && wait.recv().is_ok(), "the proxy has stopped");
    }

    pub(super) fn one_way(&self) -> Duration {
        Duration::from_micros(self.one_way.load(Ordering::Relaxed))
    }

    pub(super) fn set_one_way(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).expect("a latency of this world");
        self.one_way.store(micros, Ordering::Relaxed);
    }

    pub(super) fn stop(&self) {
        let _ = self.commands.send(Command::Stop);
    }

    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Counts a request, lets the rule decide about it, and returns its index in the list.
    pub(super) fn arrive(&self, mut exchange: Exchange) -> (usize, Fate) {
        let rule = Arc::clone(&self.rule.lock().unwrap_or_else(PoisonError::into_inner));
        let mut exchanges = self
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        exchange.nth = 1 + exchanges
            .iter()
            .filter(|other| {
                (&other.method, &other.path, &other.kind)
                    == (&exchange.method, &exchange.path, &exchange.kind)
            })
            .count();
        let fate = rule(&exchange);
        exchange.fate = fate;
        exchanges.push(exchange);
        (exchanges.len() - 1, fate)
    }

    /// Records what was sent.
    pub(super) fn sent(&self, place: usize, body: Bytes) {
        let mut exchanges = self
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        exchanges[place].body = body;
    }

    /// Records the server's answer.
    pub(super) fn answered(&self, place: usize, status: StatusCode) {
        let mut exchanges = self
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        exchanges[place].status = Some(status);
    }
}

async fn run(
    control: Arc<Control>,
    listener: TcpListener,
    mut commands: commands::UnboundedReceiver<Command>,
) {
    let mut listener = Some(listener);
    loop {
        tokio::select! {
            biased;
            command = commands.recv() => match command {
                Some(Command::Listen(listening, done)) => {
                    if !listening {
                        listener = None;
                    } else if listener.is_none() {
                        listener = TcpListener::bind(control.address).await.ok();
                    }
                    if listening == listener.is_some() {
                        let _ = done.send(());
                    }
                }
                Some(Command::Stop) | None => return,
            },
            Some(stream) = accept(listener.as_ref()) => {
                tokio::spawn(serve(Arc::clone(&control), stream));
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> Option<TcpStream> {
    let (stream, _) = listener?.accept().await.ok()?;
    stream.set_nodelay(true).ok()?;
    Some(stream)
}

/// Serves one connection of a client until it ends or all are cut.
async fn serve(control: Arc<Control>, stream: TcpStream) {
    let mut cuts = control.cuts.subscribe();
    let connection = http1::Builder::new().serve_connection(
        TokioIo::new(stream),
        service_fn(|request| relay(Arc::clone(&control), request)),
    );
    tokio::select! {
        // A connection that is cut on purpose ends with an error.
        _ = connection => {}
        _ = cuts.changed() => {}
    }
}
