//! The DevTools protocol: commands out, answers and events in.
//!
//! One thread reads. It hands each answer to the caller that waits for it and each event to the
//! [`Observer`] of the page or profile that it concerns.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::observer::{Observer, PAGE};

type Answer = Result<Value, String>;

/// The open pipe to one browser.
#[derive(Debug)]
pub(super) struct Connection {
    commands: Mutex<PipeWriter>,
    next: AtomicU64,
    routes: Mutex<Routes>,
}

#[derive(Debug, Default)]
struct Routes {
    waiting: HashMap<u64, Waiting>,
    sessions: HashMap<String, Session>,
    profiles: HashMap<String, Arc<Observer>>,
}

/// The callers that wait for an answer, each with the session that owes it.
#[derive(Debug)]
struct Waiting {
    session: Option<String>,
    sender: mpsc::Sender<Answer>,
}

/// One attached target: a page, a frame or a worker.
#[derive(Debug, Clone)]
struct Session {
    observer: Arc<Observer>,
    /// Where a problem happened, for messages.
    place: String,
}

impl Connection {
    /// Starts to read answers and events.
    pub(super) fn start(commands: PipeWriter, answers: PipeReader) -> Arc<Self> {
        let connection = Arc::new(Self {
            commands: Mutex::new(commands),
            next: AtomicU64::new(1),
            routes: Mutex::default(),
        });
        // A weak handle: the pipe must close when the last page is gone. That ends the thread.
        let reader = Arc::downgrade(&connection);
        thread::Builder::new()
            .name("devtools".into())
            .spawn(move || {
                let mut answers = BufReader::new(answers);
                let mut message = Vec::new();
                while matches!(answers.read_until(0, &mut message), Ok(1..)) {
                    message.pop();
                    let (Some(connection), Ok(value)) =
                        (reader.upgrade(), serde_json::from_slice(&message))
                    else {
                        break;
                    };
                    connection.receive(value);
                    message.clear();
                }
                if let Some(connection) = reader.upgrade() {
                    // All callers that still wait learn that no answer will come.
                    connection.routes().waiting.clear();
                }
            })
            .expect("a thread that reads the debugging pipe");
        connection
    }

    /// Sends a command and waits for its answer.
    pub(super) fn call(
        &self,
        session: Option<&str>,
        method: &str,
        params: &Value,
        patience: Duration,
    ) -> Answer {
        let (sender, receiver) = mpsc::channel();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting {
            session: session.map(str::to_owned),
            sender,
        };
        self.routes().waiting.insert(id, waiting);
        if let Err(error) = self.send(id, session, method, params) {
            self.routes().waiting.remove(&id);
            return Err(format!("the browser is gone ({method}: {error})"));
        }
        match receiver.recv_timeout(patience) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => {
                self.routes().waiting.remove(&id);
                Err(format!("no answer to {method} within {patience:?}"))
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(format!("the browser, page or worker is gone ({method})"))
            }
        }
    }

    /// Sends a command whose answer does not matter.
    pub(super) fn tell(&self, session: Option<&str>, method: &str, params: &Value) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let _ = self.send(id, session, method, params);
    }

    /// Sends events of `session` to `observer` from now on.
    pub(super) fn observe_session(&self, session: &str, observer: &Arc<Observer>) {
        let session_of_page = Session {
            observer: Arc::clone(observer),
            place: PAGE.into(),
        };
        self.routes()
            .sessions
            .insert(session.to_owned(), session_of_page);
    }

    /// Sends events of the shared workers of a profile to `observer` from now on.
    pub(super) fn observe_profile(&self, context: &str, observer: &Arc<Observer>) {
        self.routes()
            .profiles
            .insert(context.to_owned(), Arc::clone(observer));
    }

    /// The sessions whose events go to `observer`.
    pub(super) fn sessions_of(&self, observer: &Arc<Observer>) -> Vec<String> {
        self.routes()
            .sessions
            .iter()
            .filter(|(_, session)| Arc::ptr_eq(&session.observer, observer))
            .map(|(id, _)| id.clone())
            .collect()
    }

    fn send(&self, id: u64, session: Option<&str>, method: &str, params: &Value) -> io::Result<()> {
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.commands
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(&bytes)
    }

    fn receive(&self, mut message: Value) {
        if let Some(id) = message["id"].as_u64() {
            let waiting = self.routes().waiting.remove(&id);
            if let Some(waiting) = waiting {
                let answer = match message.get("error") {
                    Some(error) => Err(error["message"].as_str().unwrap_or("unknown error").into()),
                    None => Ok(message["result"].take()),
                };
                let _ = waiting.sender.send(answer);
            }
            return;
        }
        let session = message["sessionId"].as_str();
        let method = message["method"].as_str().unwrap_or_default();
        let params = &message["params"];
        match method {
            "Target.attachedToTarget" => self.adopt(session, params),
            "Target.detachedFromTarget" => self.forget(params),
            "Page.javascriptDialogOpening" => {
                self.tell(
                    session,
                    "Page.handleJavaScriptDialog",
                    &json!({ "accept": true }),
                );
                self.pass_on(session, method, params);
            }
            _ => self.pass_on(session, method, params),
        }
    }

    fn pass_on(&self, session: Option<&str>, method: &str, params: &Value) {
        let session = session.and_then(|id| self.routes().sessions.get(id).cloned());
        if let Some(Session { observer, place }) = session {
            observer.record(&place, method, params);
        }
    }

    /// Starts to observe a worker or frame before its first line runs.
    fn adopt(&self, parent: Option<&str>, params: &Value) {
        let info = &params["targetInfo"];
        let (Some(id), Some(kind)) = (params["sessionId"].as_str(), info["type"].as_str()) else {
            return;
        };
        if kind == "page" {
            return; // Whoever opens a page observes it.
        }
        let mut routes = self.routes();
        let observer = match parent {
            Some(parent) => routes.sessions.get(parent).map(|parent| &parent.observer),
            None => info["browserContextId"]
                .as_str()
                .and_then(|context| routes.profiles.get(context)),
        };
        if let Some(observer) = observer.cloned() {
            let place = format!("{kind} {}", info["url"].as_str().unwrap_or_default());
            routes
                .sessions
                .insert(id.to_owned(), Session { observer, place });
        }
        drop(routes);
        self.tell(Some(id), "Runtime.enable", &json!({}));
        self.tell(Some(id), "Log.enable", &json!({}));
        self.tell(Some(id), "Target.setAutoAttach", &auto_attach());
        self.tell(Some(id), "Runtime.runIfWaitingForDebugger", &json!({}));
    }

    fn forget(&self, params: &Value) {
        let gone = params["sessionId"].as_str().and_then(|id| {
            let mut routes = self.routes();
            // The caller that waits for its answer learns that none will come.
            routes
                .waiting
                .retain(|_, waiting| waiting.session.as_deref() != Some(id));
            routes.sessions.remove(id)
        });
        if let Some(Session { observer, place }) = gone {
            observer.detached(&place);
        }
    }

    fn routes(&self) -> MutexGuard<'_, Routes> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Attaches to every worker and frame of a page before it runs.
pub(super) fn auto_attach() -> Value {
    json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true })
}
