//! A small web server inside the test process, for tests of the harness itself.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::thread;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A running server. It stops, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct Fixture {
    address: SocketAddr,
    open: Arc<AtomicUsize>,
    _stop: oneshot::Sender<()>,
}

/// What the server answers.
#[derive(Debug, Default)]
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    chunks: VecDeque<Bytes>,
    endless: bool,
}

impl Reply {
    /// An HTML document.
    #[must_use]
    pub fn html(body: impl Into<Bytes>) -> Self {
        Self::of("text/html; charset=utf-8", body)
    }

    /// A script.
    #[must_use]
    pub fn script(body: impl Into<Bytes>) -> Self {
        Self::of("text/javascript", body)
    }

    /// An answer of the content type `kind`.
    #[must_use]
    pub fn of(kind: &'static str, body: impl Into<Bytes>) -> Self {
        Self::default().header("content-type", kind).chunk(body)
    }

    /// An empty answer with this status.
    #[must_use]
    pub fn status(status: StatusCode) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a valid header value");
        self.headers.append(HeaderName::from_static(name), value);
        self
    }

    /// Adds a part of the body.
    #[must_use]
    pub fn chunk(mut self, chunk: impl Into<Bytes>) -> Self {
        self.chunks.push_back(chunk.into());
        self
    }

    /// Leaves the body open after its last part, as a live stream does.
    #[must_use]
    pub fn endless(mut self) -> Self {
        self.endless = true;
        self
    }
}

impl Fixture {
    /// Starts a server on a free port of the loopback interface. It has no icon; a browser that asks
    /// for one gets an empty answer.
    #[must_use]
    pub fn start(answer: impl Fn(&Request<Bytes>) -> Reply + Send + Sync + 'static) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket for tokio");
        let address = listener.local_addr().expect("the port");
        let (stop, stopped) = oneshot::channel();
        let open = Arc::new(AtomicUsize::new(0));
        let site = Arc::new(Site {
            answer: Box::new(answer),
            open: Arc::clone(&open),
        });
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).expect("a socket of tokio");
                tokio::select! {
                    () = accept(listener, site) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            open,
            _stop: stop,
        }
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many answers are being sent at this moment.
    #[must_use]
    pub fn open_answers(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// The address of `path` on the server.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

type Answer = dyn Fn(&Request<Bytes>) -> Reply + Send + Sync;

/// What the connections share.
struct Site {
    answer: Box<Answer>,
    open: Arc<AtomicUsize>,
}

async fn accept(listener: TcpListener, site: Arc<Site>) {
    while let Ok((stream, _)) = listener.accept().await {
        let site = Arc::clone(&site);
        tokio::spawn(async move {
            let service = service_fn(|request| reply(&site, request));
            // The fixture does not care if a client goes away.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn reply(site: &Site, request: Request<Incoming>) -> Result<Response<Parts>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let reply = if head.uri.path() == "/favicon.ico" {
        Reply::status(StatusCode::NO_CONTENT)
    } else {
        (site.answer)(&Request::from_parts(head, body))
    };
    site.open.fetch_add(1, Ordering::SeqCst);
    let mut response = Response::new(Parts {
        chunks: reply.chunks,
        endless: reply.endless,
        open: Arc::clone(&site.open),
    });
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    Ok(response)
}

/// The parts of a body, each as one frame.
#[derive(Debug)]
struct Parts {
    chunks: VecDeque<Bytes>,
    endless: bool,
    open: Arc<AtomicUsize>,
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Body for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.chunks.pop_front() {
            Some(chunk) => Poll::Ready(Some(Ok(Frame::data(chunk)))),
            // Nothing will ever wake this: the connection ends with the client or the server.
            None if self.endless => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}
