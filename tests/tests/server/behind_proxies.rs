//! Many visitors behind each reverse proxy of the guide, with the configuration that the guide shows.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, StatusCode};
use rcgen::{CertificateParams, KeyPair};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use via::App;
use via_tests::client::{Answer, Line, Stream, Tab, Visitor};
use via_tests::patience::{eventually, wait_until};
use via_tests::server::free_address;
use via_tests::serving::Serving;
use via_tests::wall::wall;

const GUIDE: &str = include_str!("../../../via/docs/production.md");
const NAME: &str = "example.org";

/// The first block of code below a heading of the guide.
fn example(heading: &str) -> &'static str {
    let (_, section) = GUIDE.split_once(heading).expect("the heading");
    let (_, fenced) = section.split_once("```").expect("a block of code");
    let (_, code) = fenced.split_once('\n').expect("a block of code");
    let (code, _) = code.split_once("```").expect("the end of the block");
    code
}

/// Replaces what is there once, or more often.
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the guide has no `{from}`:\n{text}");
    text.replace(from, to)
}

/// A running proxy with a certificate of its own. Dropping it ends it.
struct Proxy {
    address: SocketAddr,
    connector: TlsConnector,
    child: Child,
    directory: TempDir,
}

impl Proxy {
    /// Starts `program` with the configuration that `configure` makes of the directory with its
    /// certificate and the address where it listens.
    fn start(
        program: &str,
        arguments: &[&str],
        configure: impl FnOnce(&Path, SocketAddr) -> String,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![NAME.to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let both = certificate.pem() + &key.serialize_pem();
        fs::write(path.join("fullchain.pem"), certificate.pem()).unwrap();
        fs::write(path.join("key.pem"), key.serialize_pem()).unwrap();
        fs::write(path.join("both.pem"), both).unwrap();
        let address = free_address();
        fs::write(path.join("config"), configure(path, address)).unwrap();
        let messages = File::create(path.join("messages")).unwrap();
        let child = Command::new(program)
            .args(arguments)
            .current_dir(path)
            .env("HOME", path)
            .env("XDG_DATA_HOME", path)
            .env("XDG_CONFIG_HOME", path)
            .stdin(Stdio::null())
            .stdout(messages.try_clone().unwrap())
            .stderr(messages)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("this test needs {program} (Debian: `apt-get install {program}`): {error}")
            });
        let mut proxy = Self {
            address,
            connector: connector(certificate.der()),
            child,
            directory,
        };
        wait_until("the proxy listens", || {
            if let Some(status) = proxy.child.try_wait().unwrap() {
                panic!("{program} ended at once ({status}): {}", proxy.messages());
            }
            std::net::TcpStream::connect(address).ok()
        });
        proxy
    }

    /// nginx, as Debian configures it apart from the sites.
    fn nginx(server: SocketAddr) -> Self {
        Self::start(
            "nginx",
            &["-p", ".", "-c", "config"],
            |directory, address| {
                let site = replaced(example("### nginx"), "127.0.0.1:3001", &server.to_string());
                let site = replaced(&site, "127.0.0.1:3002", &server.to_string());
                let site = replaced(&site, "listen 80", &format!("listen {}", free_address()));
                // The nginx of Debian is older than 1.25.1, as the guide says.
                let secure = format!("listen {address} ssl http2;");
                let site = replaced(&site, "listen 443 ssl;", &secure);
                let site = replaced(&site, "    http2 on;", "    #");
                let place = directory.display().to_string();
                let site = replaced(&site, "/etc/ssl/example.org", &place);
                format!(
                    "daemon off; pid {place}/pid; error_log stderr;\n\
                 events {{ worker_connections 1024; }}\n\
                 http {{\naccess_log off;\nclient_body_temp_path {place}/body;\n\
                 proxy_temp_path {place}/proxy;\nfastcgi_temp_path {place}/fastcgi;\n\
                 uwsgi_temp_path {place}/uwsgi;\nscgi_temp_path {place}/scgi;\n{site}\n}}\n"
                )
            },
        )
    }

    fn caddy(server: SocketAddr) -> Self {
        let arguments = ["run", "--config", "config", "--adapter", "caddyfile"];
        Self::start("caddy", &arguments, |directory, address| {
            let site = replaced(example("### Caddy"), "127.0.0.1:3001", &server.to_string());
            let site = replaced(&site, "127.0.0.1:3002", &server.to_string());
            let place = directory.display();
            // No authority gives a certificate to a test.
            let begin = format!(
                "{{\nadmin off\nauto_https disable_redirects\n}}\n\
                 https://{NAME}:{} {{\nbind {}\ntls {place}/fullchain.pem {place}/key.pem",
                address.port(),
                address.ip(),
            );
            replaced(&site, "example.org {", &begin)
        })
    }

    /// Names its clients in the PROXY protocol: `send` is `send-proxy` or `send-proxy-v2`.
    fn haproxy_that_sends(send: &str, server: SocketAddr) -> Self {
        let check = format!("check inter 2s {send}");
        Self::haproxy_with(server, |site| {
            let site = replaced(&site, "    option forwardfor\n", "");
            replaced(&site, "check inter 2s", &check)
        })
    }

    fn haproxy(server: SocketAddr) -> Self {
        Self::haproxy_with(server, |site| site)
    }

    fn haproxy_with(server: SocketAddr, change: impl FnOnce(String) -> String) -> Self {
        Self::start("haproxy", &["-db", "-f", "config"], |directory, address| {
            let site = replaced(
                example("### HAProxy"),
                "127.0.0.1:3001",
                &server.to_string(),
            );
            let site = replaced(&site, "127.0.0.1:3002", &server.to_string());
            let site = replaced(&site, "bind :443", &format!("bind {address}"));
            let both = directory.join("both.pem");
            let both = both.display().to_string();
            change(replaced(&site, "/etc/haproxy/example.org.pem", &both))
        })
    }

    fn messages(&self) -> String {
        fs::read_to_string(self.directory.path().join("messages")).unwrap_or_default()
    }

    /// A connection from an address of the loopback range.
    async fn connect(&self, from: Ipv4Addr) -> TlsStream<TcpStream> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind((from, 0).into()).unwrap();
        let socket = socket.connect(self.address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let name = ServerName::try_from(NAME).unwrap();
        self.connector.connect(name, socket).await.unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // nginx ends its workers only if it is asked to end.
        if let Some(process) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(process, Signal::TERM);
        }
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the proxy wrote:\n{}", self.messages());
        }
    }
}

fn connector(authority: &CertificateDer<'static>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// A visitor with an address of their own.
struct Guest<'a> {
    proxy: &'a Proxy,
    visitor: Visitor,
    from: Ipv4Addr,
}

impl<'a> Guest<'a> {
    fn new(proxy: &'a Proxy, at: u16) -> Self {
        let [high, low] = (at + 1).to_be_bytes();
        Self {
            proxy,
            visitor: Visitor::new(proxy.address),
            from: Ipv4Addr::new(127, 9, high, low),
        }
    }

    /// A request as it leaves the browser, which may make up headers.
    fn request(mut request: Request<Bytes>) -> Request<Bytes> {
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_static(NAME));
        headers.insert("x-forwarded-for", HeaderValue::from_static("192.0.2.99"));
        request
    }

    async fn send(&self, request: Request<Bytes>) -> Answer {
        let mut line = Line::over(self.proxy.connect(self.from).await);
        let answer = line.send(&Self::request(request)).await.unwrap();
        answer.assert_ok();
        self.visitor.keep_cookies(&answer.headers);
        answer
    }

    /// Opens the page, and the stream of its tab.
    async fn arrive(&self) -> Stream {
        self.send(self.visitor.navigation("/")).await;
        let attached = self.send(self.visitor.post("/", "attach", "{}")).await;
        let tab = Tab::new(self.visitor.clone(), "/", &attached.json());
        self.stream(&tab).await
    }

    async fn stream(&self, tab: &Tab) -> Stream {
        let request = self.visitor.opening("/_via/stream", &[(tab, None)]);
        let connection = self.proxy.connect(self.from).await;
        Stream::open_over(connection, &Self::request(request))
            .await
            .unwrap()
    }
}

/// Whether the stream is over, once all that has arrived is read.
async fn has_ended(stream: &mut Stream) -> bool {
    let rest = async { while stream.coming().await.is_some() {} };
    timeout(Duration::from_millis(1), rest).await.is_ok()
}

/// The app of the guide. Here visitors have loopback addresses too, so it trusts only the proxy's.
fn app() -> App {
    wall()
        .origin("https://example.org")
        .trusted_proxies(["127.0.0.1"])
}

/// 300 visitors of as many addresses get a stream each, and one of them does not get a second one.
async fn three_hundred_visitors(app: App, proxy: impl FnOnce(SocketAddr) -> Proxy) {
    let server = Serving::start(app.streams_per_address(1)).await;
    let address = server.address();
    let proxy = tokio::task::block_in_place(|| proxy(address));
    let mut streams = Vec::new();
    for at in 0..300 {
        let mut stream = Guest::new(&proxy, at).arrive().await;
        assert_eq!(stream.status(), StatusCode::OK, "visitor {at}");
        stream.named("via-hello").await;
        streams.push(stream);
    }
    // A browser opens a stream again that a proxy ends. Caddy does so with some, if its client speaks
    // HTTP/1.1 and the answer begins before Caddy has looked for the end of the request.
    eventually("all have a stream at the same time", async || {
        let mut all_live = true;
        for (at, stream) in (0..).zip(&mut streams) {
            if has_ended(stream).await {
                all_live = false;
                *stream = Guest::new(&proxy, at).arrive().await;
            }
        }
        all_live.then_some(())
    })
    .await;
    let again = Guest::new(&proxy, 0).arrive().await;
    assert_eq!(again.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_300_visitors_behind_nginx_gets_a_stream() {
    three_hundred_visitors(app(), Proxy::nginx).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_300_visitors_behind_caddy_gets_a_stream() {
    three_hundred_visitors(app(), Proxy::caddy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_300_visitors_behind_haproxy_gets_a_stream() {
    three_hundred_visitors(app(), Proxy::haproxy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_300_visitors_behind_a_proxy_that_speaks_the_proxy_protocol_gets_a_stream() {
    for send in ["send-proxy", "send-proxy-v2"] {
        let app = wall()
            .origin("https://example.org")
            .proxy_protocol(["127.0.0.1"]);
        three_hundred_visitors(app, |server| Proxy::haproxy_that_sends(send, server)).await;
    }
}
