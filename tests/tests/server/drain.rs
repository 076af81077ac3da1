//! An app in the server of a host program: how it stops.

use std::future::IntoFuture as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use via::prelude::*;
use via::{App, Running};
use via_tests::client::{Action, Visitor};
use via_tests::patience::{PATIENCE, eventually};

/// Whether the slow action runs.
static RUNS: AtomicBool = AtomicBool::new(false);

#[via::page("/")]
struct Desk {
    #[state]
    count: i64,
}

#[via::actions]
impl Desk {
    fn add(&mut self) {
        self.count += 1;
    }

    fn add_slowly(&mut self) {
        RUNS.store(true, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(700));
        self.count += 1;
    }

    async fn never(task: Task<Self>) {
        std::future::pending::<()>().await;
        drop(task);
    }
}

impl View for Desk {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! { output id="count" { (self.count) } }
    }
}

/// A host program that serves one app.
struct Host {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
    running: Running,
}

async fn host(app: App) -> Host {
    let (router, running) = app.into_service();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let server = axum::serve(listener, router).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    Host {
        address,
        stop,
        server: tokio::spawn(server.into_future()),
        running,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_program_with_an_open_page_stops_and_running_actions_finish() {
    let host = host(App::new().page::<Desk>()).await;
    let visitor = Visitor::new(host.address);
    visitor.get("/").await.assert_ok();
    let tab = visitor.attach("/").await;
    let mut stream = visitor.stream(&[&tab]).await;
    stream.named("via-hello").await;
    tab.act(Action::new("Desk::add")).await.assert_ok();

    let slow = tokio::spawn(async move {
        let answer = tab.act(Action::new("Desk::add_slowly")).await;
        (answer.status, answer.ack())
    });
    eventually("the action runs", async || {
        RUNS.load(Ordering::SeqCst).then_some(())
    })
    .await;
    let begun = Instant::now();
    drop(host.stop);
    host.running.drain(Duration::from_secs(8)).await.unwrap();
    let ended = timeout(PATIENCE, host.server)
        .await
        .expect("the server ends");
    ended.unwrap().unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );

    let (status, ack) = slow.await.unwrap();
    assert!(status.is_success(), "{status}");
    assert_eq!(ack, Some(2));
    let bye = stream.named("via-bye").await;
    assert!(bye.json()["reconnect_ms"].is_u64());
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn what_does_not_finish_does_not_hold_the_program_up() {
    let host = host(App::new().page::<Desk>()).await;
    let visitor = Visitor::new(host.address);
    visitor.get("/").await.assert_ok();
    let tab = visitor.attach("/").await;
    tab.act(Action::new("Desk::never")).await.assert_ok();
    let begun = Instant::now();
    host.running
        .drain(Duration::from_millis(300))
        .await
        .unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert!(begun.elapsed() < PATIENCE);
    // Load balancers hear of it as long as the program answers.
    let ready = visitor.get("/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), ready.text().as_str()),
        (503, "stopping")
    );
}

#[tokio::test]
async fn an_app_goes_on_without_its_handle() {
    let Host {
        address,
        running,
        stop,
        server,
    } = host(App::new().page::<Desk>()).await;
    drop(running);
    let visitor = Visitor::new(address);
    visitor.get("/").await.assert_ok();
    let tab = visitor.attach("/").await;
    let mut stream = visitor.stream(&[&tab]).await;
    stream.named("datastar-patch-elements").await;
    tab.act(Action::new("Desk::add")).await.assert_ok();
    stream.named("datastar-patch-elements").await;
    eventually("the app is ready", async || {
        visitor
            .get("/readyz")
            .await
            .status
            .is_success()
            .then_some(())
    })
    .await;
    drop((stop, server));
}
