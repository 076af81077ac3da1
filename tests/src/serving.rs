//! Apps that a test defines, served over HTTP within its process.
//!
//! ```no_run
//! # async fn example() {
//! use via_tests::{serving::Serving, stores::Faulty};
//!
//! let store = Faulty::default();
//! let server = Serving::start(via::App::new().store(store.clone())).await;
//! server.visitor().get("/").await.assert_ok();
//! assert_eq!(store.written().len(), 1);
//! server.stop().await;
//! # }
//! ```

use std::net::SocketAddr;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::client::Visitor;
use crate::patience::PATIENCE;

/// A served app. Dropping the value tells the app to stop, without waiting for it.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    done: JoinHandle<via::Result<()>>,
}

impl Serving {
    /// Serves the app on a free port of the loopback interface, without limits on the rates of actions and
    /// of new sessions: tests act faster than any person.
    pub async fn start(app: via::App) -> Self {
        let app = app
            .action_rate(1_000_000, 1_000_000)
            .new_sessions_per_address(u32::MAX, u32::MAX);
        Self::start_as_it_is(app).await
    }

    /// Serves the app with its own limits on these rates.
    pub async fn start_as_it_is(app: via::App) -> Self {
        let server = app.bind("127.0.0.1:0").await.expect("the app starts");
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let done = tokio::spawn(server.run_until(async {
            let _ = stopped.await;
        }));
        Self {
            address,
            stop: Some(stop),
            done,
        }
    }

    /// Where the app listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new visitor.
    #[must_use]
    pub fn visitor(&self) -> Visitor {
        Visitor::new(self.address)
    }

    /// A new visitor who has loaded the page at `path`.
    pub async fn visit(&self, path: &str) -> Visitor {
        let visitor = self.visitor();
        visitor.get(path).await.assert_ok();
        visitor
    }

    /// Tells the app to stop.
    pub fn begin_to_stop(&mut self) {
        self.stop = None;
    }

    /// Tells the app to stop and waits until it has.
    pub async fn stop(mut self) {
        self.begin_to_stop();
        timeout(PATIENCE, self.done)
            .await
            .unwrap_or_else(|_| panic!("the app did not stop within {PATIENCE:?}"))
            .expect("serving does not panic")
            .expect("the app stops without an error");
    }
}
