//! Apps whose pages are written in a test, served inside the test's own process.

use std::net::SocketAddr;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::http::Visitor;

/// An app that serves real HTTP on a free port. It is told to stop when this is dropped.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<via::Result<()>>,
}

/// Serves `app` until it is stopped.
pub async fn serve(app: via::App) -> Running {
    let server = app
        .bind("127.0.0.1:0")
        .await
        .unwrap_or_else(|error| panic!("the app does not start: {error:?}"));
    let address = server.address();
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(server.run_until(async {
        // Dropped or sent: both mean that it is over.
        let _ = stopped.await;
    }));
    Running {
        address,
        stop,
        served,
    }
}

impl Running {
    /// Where the app listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new visitor who has loaded the page at `path`.
    pub async fn visitor(&self, path: &str) -> Visitor {
        let visitor = Visitor::new(self.address);
        visitor.get(path).await.assert_ok();
        visitor
    }

    /// Asks the app to stop and waits until all that was under way is done.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        self.served
            .await
            .expect("serving does not panic")
            .unwrap_or_else(|error| panic!("the app did not stop well: {error:?}"));
    }
}
