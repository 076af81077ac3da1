//! A connection by HTTP/2, over which many requests go at a time.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::HOST;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper::rt::Executor;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::action::Action;
use super::answer::Answer;
use super::stream::Stream;
use super::tab::Tab;
use super::visitor::Visitor;
use crate::patience::{PATIENCE, eventually};

/// How much of one answer the server sends before somebody reads it.
const WINDOW: u32 = 64 * 1024 - 1;

/// A connection that speaks HTTP/2 from its first byte on, as proxies do. Dropping it closes it,
/// with all that goes over it.
#[derive(Debug)]
pub struct Trunk {
    server: SocketAddr,
    sender: http2::SendRequest<Full<Bytes>>,
    tasks: Tasks,
}

/// What a connection consists of.
#[derive(Debug, Clone, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl Tasks {
    fn lock(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, task: F) {
        self.lock().spawn(task);
    }
}

impl Drop for Trunk {
    fn drop(&mut self) {
        self.tasks.lock().abort_all();
    }
}

impl Trunk {
    pub(super) async fn open(server: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(server).await?;
        socket.set_nodelay(true)?;
        let tasks = Tasks::default();
        let (sender, connection) = http2::Builder::new(tasks.clone())
            .initial_stream_window_size(WINDOW)
            .handshake(TokioIo::new(socket))
            .await
            .map_err(io::Error::other)?;
        tasks.execute(async move {
            // Its failure reaches whoever waits for an answer or reads a body.
            let _ = connection.await;
        });
        Ok(Self {
            server,
            sender,
            tasks,
        })
    }

    /// Sends a request and reads the answer to its end.
    ///
    /// # Errors
    ///
    /// The connection was cut, or the answer did not end in time.
    pub async fn send(&self, request: Request<Bytes>) -> io::Result<Answer> {
        timeout(PATIENCE, async {
            Answer::read(self.begin(request).await?).await
        })
        .await?
    }

    /// Sends a request; the body of the answer is still to come.
    async fn begin(&self, mut request: Request<Bytes>) -> io::Result<Response<Incoming>> {
        let uri = format!("http://{}{}", self.server, request.uri());
        *request.uri_mut() = uri.parse::<Uri>().map_err(io::Error::other)?;
        request.headers_mut().remove(HOST);
        self.sender
            .clone()
            .send_request(request.map(Full::new))
            .await
            .map_err(io::Error::other)
    }

    /// Loads a page as a person does who follows a link.
    pub async fn get(&self, visitor: &Visitor, path: &str) -> Answer {
        let answer = self
            .send(visitor.navigation(path))
            .await
            .unwrap_or_else(|error| panic!("GET {path}: {error}"));
        visitor.keep_cookies(&answer.headers);
        answer
    }

    /// Attaches a live tab to the page at `path`.
    pub async fn attach(&self, visitor: &Visitor, path: &str) -> Tab {
        let answer = self
            .send(visitor.post(path, "attach", "{}"))
            .await
            .unwrap_or_else(|error| panic!("attach to {path}: {error}"));
        answer.assert_ok();
        visitor.keep_cookies(&answer.headers);
        Tab::new(visitor.clone(), path, &answer.json())
    }

    /// Sends an action and returns the answer, whatever it is.
    pub async fn act(&self, tab: &Tab, action: Action) -> Answer {
        self.send(tab.request(&action))
            .await
            .unwrap_or_else(|error| panic!("an action at {}: {error}", tab.path()))
    }

    /// Opens the event stream for a tab that shows nothing yet. The connection goes on without it.
    pub async fn stream(&self, tab: &Tab) -> Stream {
        let response = self
            .begin(tab.visitor().opening("/_via/stream", &[(tab, None)]))
            .await
            .unwrap_or_else(|error| panic!("the stream does not open: {error}"));
        Stream::new(response, None)
    }

    /// Waits until the connection has ended.
    pub async fn ended(self) {
        eventually("the connection has ended", async || {
            let mut tasks = self.tasks.lock();
            while tasks.try_join_next().is_some() {}
            tasks.is_empty().then_some(())
        })
        .await;
    }
}
