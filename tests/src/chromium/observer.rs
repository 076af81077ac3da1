//! What was observed of one page, or of the shared workers of one profile.

use std::collections::{HashSet, VecDeque};
use std::fmt::{Display, Write as _};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::problem::{Kind, Problem, exception_text, object_text};

/// Name of the function by which the observing script reports policy violations.
pub(super) const REPORT: &str = "viaTestReport";

/// The name for a page's own problems; those of workers and frames have their address.
pub(super) const PAGE: &str = "page";

/// How many lines of console output are kept for a failure message.
const TRANSCRIPT: usize = 60;

/// Collects events and wakes the threads that wait for them.
#[derive(Debug, Default)]
pub(super) struct Observer {
    seen: Mutex<Seen>,
    changed: Condvar,
}

/// The collected events.
#[derive(Debug, Default)]
pub(super) struct Seen {
    problems: Vec<Problem>,
    transcript: VecDeque<String>,
    tolerated: Vec<String>,
    outages: bool,
    /// How often the main frame switched to another document.
    pub(super) navigations: u64,
    /// The main frame's document.
    pub(super) loader: String,
    /// Whether the document came back from the back-forward cache, without a load event.
    pub(super) restored: bool,
    /// Documents whose load event fired.
    pub(super) loaded: HashSet<String>,
    /// Whether the page is still there.
    pub(super) life: Life,
}

/// Whether a page is alive.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    #[default]
    Running,
    /// The renderer crashed; the tab is still there.
    Crashed,
    /// The tab is gone.
    Gone,
}

impl Seen {
    /// Whether the main frame shows a document that has loaded.
    pub(super) fn is_loaded(&self) -> bool {
        self.restored || self.loaded.contains(&self.loader)
    }

    fn is_tolerated(&self, problem: &Problem) -> bool {
        (self.outages && problem.is_outage())
            || self
                .tolerated
                .iter()
                .any(|fragment| problem.text.contains(fragment) || problem.url.contains(fragment))
    }

    fn note(&mut self, line: String) {
        if self.transcript.len() == TRANSCRIPT {
            self.transcript.pop_front();
        }
        self.transcript.push_back(line);
    }

    fn problem(&mut self, kind: Kind, place: &str, text: String, url: &str) {
        let problem = Problem {
            kind,
            place: place.to_owned(),
            text,
            url: url.to_owned(),
        };
        self.note(problem.to_string());
        self.problems.push(problem);
    }

    fn record(&mut self, place: &str, method: &str, params: &Value) {
        match method {
            "Runtime.consoleAPICalled" => self.console(place, params),
            "Runtime.exceptionThrown" => {
                let details = &params["exceptionDetails"];
                let url = details["url"].as_str().unwrap_or_default();
                self.problem(Kind::Exception, place, exception_text(details), url);
            }
            "Log.entryAdded" => self.log(place, &params["entry"]),
            "Runtime.bindingCalled" if params["name"] == REPORT => {
                let text = params["payload"].as_str().unwrap_or_default().to_owned();
                self.problem(Kind::Violation, place, text, "");
            }
            "Page.javascriptDialogOpening" if params["type"] != "beforeunload" => {
                let text = params["message"].as_str().unwrap_or_default().to_owned();
                self.problem(Kind::Dialog, place, text, "");
            }
            "Page.lifecycleEvent" if params["name"] == "load" => {
                let loader = params["loaderId"].as_str().unwrap_or_default();
                self.loaded.insert(loader.to_owned());
            }
            "Page.frameNavigated" if params["frame"]["parentId"].is_null() => {
                self.navigations += 1;
                let loader = params["frame"]["loaderId"].as_str().unwrap_or_default();
                loader.clone_into(&mut self.loader);
                self.restored = params["type"] == "BackForwardCacheRestore";
            }
            // A worker's ordinary end looks like this too.
            "Inspector.targetCrashed" if place == PAGE => {
                self.life = Life::Crashed;
                self.problem(Kind::Crash, place, "the renderer crashed".into(), "");
            }
            _ => {}
        }
    }

    fn console(&mut self, place: &str, params: &Value) {
        let level = params["type"].as_str().unwrap_or("log");
        let text = params["args"]
            .as_array()
            .map(|arguments| arguments.iter().map(object_text).collect::<Vec<_>>())
            .unwrap_or_default()
            .join(" ");
        if matches!(level, "error" | "assert") {
            self.problem(Kind::Console, place, text, "");
        } else {
            self.note(format!("console.{level} in {place}: {text}"));
        }
    }

    fn log(&mut self, place: &str, entry: &Value) {
        let text = entry["text"].as_str().unwrap_or_default().to_owned();
        let url = entry["url"].as_str().unwrap_or_default();
        if entry["level"] != "error" {
            self.note(format!("{} in {place}: {text} ({url})", entry["level"]));
            return;
        }
        let kind = match entry["source"].as_str() {
            Some("network") => Kind::Network,
            Some("security") => Kind::Security,
            _ => Kind::Other,
        };
        self.problem(kind, place, text, url);
    }
}

impl Observer {
    /// Records an event.
    pub(super) fn record(&self, place: &str, method: &str, params: &Value) {
        self.seen().record(place, method, params);
        self.changed.notify_all();
    }

    /// Records the end of a page or worker.
    pub(super) fn detached(&self, place: &str) {
        let mut seen = self.seen();
        if place == PAGE {
            seen.life = Life::Gone;
        } else {
            seen.note(format!("{place} ended"));
        }
        drop(seen);
        self.changed.notify_all();
    }

    /// Continues to observe a page whose renderer is gone and will come back.
    pub(super) fn revive(&self) {
        self.seen().life = Life::Running;
    }

    /// Accepts problems whose text or address contains `fragment`.
    pub(super) fn tolerate(&self, fragment: &str) {
        self.seen().tolerated.push(fragment.to_owned());
    }

    /// Accepts failed requests of the kinds that an unreachable server causes.
    pub(super) fn tolerate_outages(&self) {
        self.seen().outages = true;
    }

    /// The problems so far that were not tolerated.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let seen = self.seen();
        seen.problems
            .iter()
            .filter(|problem| !seen.is_tolerated(problem))
            .cloned()
            .collect()
    }

    /// Forgets the problems so far for which `take` holds and returns them.
    pub(super) fn take(&self, take: impl Fn(&Problem) -> bool) -> Vec<Problem> {
        let mut seen = self.seen();
        let (taken, left) = std::mem::take(&mut seen.problems)
            .into_iter()
            .partition(|problem| take(problem));
        seen.problems = left;
        taken
    }

    /// The last lines of the console, for a failure message.
    pub(super) fn transcript(&self) -> String {
        let seen = self.seen();
        indented(seen.transcript.iter())
    }

    /// Reads something from the collected events.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Seen) -> T) -> T {
        read(&self.seen())
    }

    /// Waits until `condition` holds. Returns whether it held in time.
    pub(super) fn wait(&self, patience: Duration, condition: impl Fn(&Seen) -> bool) -> bool {
        let deadline = Instant::now() + patience;
        let mut seen = self.seen();
        while !condition(&seen) {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return false;
            };
            seen = self
                .changed
                .wait_timeout(seen, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One line each, indented, for a failure message.
pub(super) fn indented<T: Display>(lines: impl Iterator<Item = T>) -> String {
    lines.fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "  {line}");
        text
    })
}
