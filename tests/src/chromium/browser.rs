//! A browser: the process that profiles live in.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use serde_json::{Value, json};

use super::connection::Connection;
use super::process::{Process, Started};
use super::profile::Profile;

/// How long the browser may take for one command.
pub(super) const COMMAND: Duration = Duration::from_secs(30);

/// A running browser. It ends, with all its processes, when the last handle to it, to one of its
/// profiles or to one of their pages is dropped.
#[derive(Debug, Clone)]
pub struct Browser {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) connection: Arc<Connection>,
    process: Process,
}

impl Browser {
    /// Starts a browser.
    #[must_use]
    #[track_caller]
    pub fn launch() -> Self {
        let Started {
            process,
            commands,
            answers,
        } = Process::start();
        let connection = Connection::start(commands, answers);
        let browser = Self {
            inner: Arc::new(Inner {
                connection,
                process,
            }),
        };
        // Shared workers belong to no page: the browser attaches to them here, and observes them by profile.
        browser.call(
            "Target.setAutoAttach",
            &json!({
                "autoAttach": true,
                "waitForDebuggerOnStart": true,
                "flatten": true,
                "filter": [{ "type": "shared_worker" }, { "type": "service_worker" }, { "exclude": true }],
            }),
        );
        browser
    }

    /// The browser that the tests of one process share while any of them runs. This saves most of the
    /// time of a short test. Each test still has a profile of its own. Tests that measure time or break
    /// the browser launch their own.
    #[must_use]
    #[track_caller]
    pub fn shared() -> Self {
        static SHARED: Mutex<Weak<Inner>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(inner) = shared.upgrade() {
            return Self { inner };
        }
        let browser = Self::launch();
        *shared = Arc::downgrade(&browser.inner);
        browser
    }

    /// A new profile: another person, with cookies and workers of their own.
    #[must_use]
    #[track_caller]
    pub fn profile(&self) -> Profile {
        Profile::new(self, true)
    }

    /// A new profile of a browser without shared workers; some browsers have none.
    #[must_use]
    #[track_caller]
    pub fn profile_without_shared_workers(&self) -> Profile {
        Profile::new(self, false)
    }

    /// The name and version of the browser.
    #[must_use]
    #[track_caller]
    pub fn version(&self) -> String {
        let version = self.call("Browser.getVersion", &json!({}));
        version["product"].as_str().unwrap_or_default().to_owned()
    }

    /// Where the browser keeps its data while it runs.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.inner.process.directory()
    }

    /// Sends a DevTools command to the browser itself.
    #[track_caller]
    pub fn call(&self, method: &str, params: &Value) -> Value {
        self.inner
            .connection
            .call(None, method, params, COMMAND)
            .unwrap_or_else(|error| {
                panic!(
                    "{method}: {error}\n\nthe browser's log:\n{}",
                    self.inner.process.log()
                )
            })
    }
}
