//! A browser profile: one person with their cookies, tabs and shared workers.

use std::sync::Arc;
use std::thread;

use serde_json::json;

use super::browser::{Browser, COMMAND};
use super::cookie::Cookie;
use super::observer::{Observer, indented};
use super::page::Page;
use super::problem::Problem;
use crate::patience::PATIENCE;

/// One person's browser: tabs of a profile share cookies, storage and shared workers. Other
/// profiles see none of these.
///
/// When the last handle and the last page are gone, the profile is closed, and the test fails if
/// one of its shared workers had a problem.
#[derive(Debug, Clone)]
pub struct Profile {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) browser: Browser,
    pub(super) context: String,
    pub(super) shared_workers: bool,
    /// What was observed of the shared workers.
    pub(super) workers: Arc<Observer>,
}

impl Profile {
    #[track_caller]
    pub(super) fn new(browser: &Browser, shared_workers: bool) -> Self {
        let answer = browser.call(
            "Target.createBrowserContext",
            &json!({ "disposeOnDetach": true }),
        );
        let context = answer["browserContextId"]
            .as_str()
            .expect("the browser names the new profile")
            .to_owned();
        let workers = Arc::new(Observer::default());
        browser.inner.connection.observe_profile(&context, &workers);
        Self {
            inner: Arc::new(Inner {
                browser: browser.clone(),
                context,
                shared_workers,
                workers,
            }),
        }
    }

    /// Opens `url` in a new tab and waits for its load event.
    #[must_use]
    #[track_caller]
    pub fn open(&self, url: &str) -> Page {
        let page = Page::new(self);
        page.goto(url);
        page
    }

    /// All cookies of the profile.
    #[must_use]
    #[track_caller]
    pub fn cookies(&self) -> Vec<Cookie> {
        let answer = self.inner.browser.call(
            "Storage.getCookies",
            &json!({ "browserContextId": self.inner.context }),
        );
        Cookie::list(&answer)
    }

    /// Deletes all cookies, as when the user clears the browser's data.
    #[track_caller]
    pub fn clear_cookies(&self) {
        self.inner.browser.call(
            "Storage.clearCookies",
            &json!({ "browserContextId": self.inner.context }),
        );
    }

    /// Ends the shared workers of the profile, as a browser does when it runs out of memory. Returns
    /// how many there were.
    #[track_caller]
    pub fn end_shared_workers(&self) -> usize {
        let targets = self.inner.browser.call(
            "Target.getTargets",
            &json!({
                "filter": [{ "type": "shared_worker" }, { "exclude": true }],
            }),
        );
        let workers: Vec<_> = targets["targetInfos"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|target| target["browserContextId"] == *self.inner.context)
            .collect();
        for worker in &workers {
            self.inner.browser.call(
                "Target.closeTarget",
                &json!({ "targetId": worker["targetId"] }),
            );
        }
        workers.len()
    }

    /// Accepts failed requests of the shared workers while the server is unreachable.
    pub fn expect_network_errors(&self) {
        self.inner.workers.tolerate_outages();
    }

    /// What went wrong in the shared workers.
    #[must_use]
    pub fn worker_problems(&self) -> Vec<Problem> {
        self.inner.flush();
        self.inner.workers.problems()
    }
}

impl Inner {
    /// Waits until everything that the workers reported so far has arrived.
    pub(super) fn flush(&self) {
        let connection = &self.browser.inner.connection;
        for session in connection.sessions_of(&self.workers) {
            // A worker that is just ending does not answer; then there is nothing to wait for.
            let _ = connection.call(
                Some(&session),
                "Runtime.evaluate",
                &json!({ "expression": "0" }),
                PATIENCE,
            );
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let problems = if thread::panicking() {
            Vec::new()
        } else {
            self.flush();
            self.workers.problems()
        };
        let _ = self.browser.inner.connection.call(
            None,
            "Target.disposeBrowserContext",
            &json!({ "browserContextId": self.context }),
            COMMAND,
        );
        assert!(
            problems.is_empty(),
            "a shared worker of the profile is not clean:\n{}",
            indented(problems.iter())
        );
    }
}
