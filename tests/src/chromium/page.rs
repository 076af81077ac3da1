//! A tab of the browser.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::browser::COMMAND;
use super::connection::{Connection, auto_attach};
use super::cookie::Cookie;
use super::observer::{Life, Observer, REPORT, indented};
use super::problem::{Kind, Problem, exception_text};
use super::profile::{Inner as ProfileInner, Profile};
use crate::patience::PATIENCE;

/// Runs in an isolated world in each document, and reports what the policy blocked.
const REPORT_VIOLATIONS: &str = "document.addEventListener('securitypolicyviolation', (event) => \
     viaTestReport(`${event.effectiveDirective} blocked ${event.blockedURI || event.sourceFile}`))";

/// A tab. It is visible and has the focus of its window unless [`Page::hide`] was called, so
/// several tabs can be used at the same time like windows side by side.
///
/// Closing or dropping a page fails the test if something went wrong in the page: an error in the
/// console, an uncaught exception, a violation of the Content-Security-Policy, a failed request.
#[derive(Debug)]
pub struct Page {
    pub(super) profile: Arc<ProfileInner>,
    pub(super) session: String,
    target: String,
    pub(super) observer: Arc<Observer>,
}

impl Page {
    /// An empty tab.
    #[track_caller]
    pub(super) fn new(profile: &Profile) -> Self {
        let profile = Arc::clone(&profile.inner);
        // Each has its own window: a tab behind another one would be hidden and slow.
        let created = profile.browser.call(
            "Target.createTarget",
            &json!({
                "url": "about:blank",
                "browserContextId": profile.context,
                "newWindow": true,
            }),
        );
        let target = created["targetId"].as_str().expect("a target").to_owned();
        let attached = profile.browser.call(
            "Target.attachToTarget",
            &json!({ "targetId": target, "flatten": true }),
        );
        let session = attached["sessionId"]
            .as_str()
            .expect("a session")
            .to_owned();
        let observer = Arc::new(Observer::default());
        profile
            .browser
            .inner
            .connection
            .observe_session(&session, &observer);
        let page = Self {
            profile,
            session,
            target,
            observer,
        };
        page.prepare();
        page
    }

    /// Opens `url` in another tab of the same profile.
    #[must_use]
    #[track_caller]
    pub fn sibling(&self, url: &str) -> Self {
        let inner = Arc::clone(&self.profile);
        Profile { inner }.open(url)
    }

    /// Opens the page's address in another tab that begins with a copy of the page's own
    /// `sessionStorage`, as when the user duplicates a tab.
    #[must_use]
    #[track_caller]
    pub fn duplicate(&self) -> Self {
        let address = self.eval("location.href");
        let stored = self.eval("Object.entries(sessionStorage)");
        let duplicate = self.sibling("about:blank");
        duplicate.call(
            "Page.addScriptToEvaluateOnNewDocument",
            &json!({ "source": format!(
                "for (const [key, value] of {stored}) sessionStorage.setItem(key, value)"
            ) }),
        );
        duplicate.goto(address.as_str().expect("an address"));
        duplicate
    }

    #[track_caller]
    fn prepare(&self) {
        self.call("Page.enable", &json!({}));
        self.call(
            "Page.setLifecycleEventsEnabled",
            &json!({ "enabled": true }),
        );
        self.call("Inspector.enable", &json!({}));
        self.call("Runtime.enable", &json!({}));
        self.call("Log.enable", &json!({}));
        self.call("Target.setAutoAttach", &auto_attach());
        self.call(
            "Emulation.setFocusEmulationEnabled",
            &json!({ "enabled": true }),
        );
        let world = "via-test";
        self.call(
            "Runtime.addBinding",
            &json!({ "name": REPORT, "executionContextName": world }),
        );
        self.call(
            "Page.addScriptToEvaluateOnNewDocument",
            &json!({ "source": REPORT_VIOLATIONS, "worldName": world }),
        );
        if !self.profile.shared_workers {
            self.call(
                "Page.addScriptToEvaluateOnNewDocument",
                &json!({ "source": "delete globalThis.SharedWorker" }),
            );
        }
    }

    /// Goes to `url` and waits for the load event.
    #[track_caller]
    pub fn goto(&self, url: &str) {
        self.try_goto(url)
            .unwrap_or_else(|error| panic!("{url} does not open: {error}"));
    }

    /// Goes to `url` and waits for the load event.
    ///
    /// # Errors
    ///
    /// The browser's reason if the server did not answer, such as `net::ERR_CONNECTION_REFUSED`.
    #[track_caller]
    pub fn try_goto(&self, url: &str) -> Result<(), String> {
        let answer = self.call("Page.navigate", &json!({ "url": url }));
        if let Some(error) = answer["errorText"].as_str() {
            return Err(error.to_owned());
        }
        if let Some(loader) = answer["loaderId"].as_str() {
            let loaded = self
                .observer
                .wait(PATIENCE, |seen| seen.loaded.contains(loader));
            assert!(loaded, "{url} did not finish loading within {PATIENCE:?}");
        }
        Ok(())
    }

    /// Reloads the page and waits for the load event.
    #[track_caller]
    pub fn reload(&self) {
        self.navigate_by("Page.reload", &json!({}));
    }

    /// Goes back in the tab's history and waits for the page, which may come from the
    /// back-forward cache.
    #[track_caller]
    pub fn back(&self) {
        self.step_in_history(-1);
    }

    /// Goes forward in the tab's history and waits for the page.
    #[track_caller]
    pub fn forward(&self) {
        self.step_in_history(1);
    }

    #[track_caller]
    fn step_in_history(&self, step: i64) {
        let history = self.call("Page.getNavigationHistory", &json!({}));
        let index = history["currentIndex"].as_i64().unwrap_or_default() + step;
        let entry = usize::try_from(index)
            .ok()
            .and_then(|index| history["entries"].get(index))
            .expect("the history of the tab goes that far");
        self.navigate_by(
            "Page.navigateToHistoryEntry",
            &json!({ "entryId": entry["id"] }),
        );
    }

    #[track_caller]
    fn navigate_by(&self, method: &str, params: &Value) {
        let before = self.navigations();
        self.call(method, params);
        let arrived = self.observer.wait(PATIENCE, |seen| {
            seen.navigations > before && seen.is_loaded()
        });
        assert!(arrived, "{method} did not show a page within {PATIENCE:?}");
    }

    /// How often the tab has switched to another document so far. Tests use it to check that nothing
    /// was reloaded.
    #[must_use]
    pub fn navigations(&self) -> u64 {
        self.observer.read(|seen| seen.navigations)
    }

    /// Evaluates an expression in the page, under the page's own Content-Security-Policy, and
    /// returns its value. A promise is awaited; an exception fails the test.
    #[track_caller]
    pub fn eval(&self, js: &str) -> Value {
        self.try_eval(js)
            .unwrap_or_else(|error| panic!("`{js}` failed in the page: {error}"))
    }

    /// Evaluates an expression in the page as [`Page::eval`] does.
    ///
    /// # Errors
    ///
    /// The text of the exception, or why the page could not evaluate anything.
    pub fn try_eval(&self, js: &str) -> Result<Value, String> {
        self.evaluate(js, COMMAND)
    }

    /// Cookies that the browser would send to the page's address.
    #[must_use]
    #[track_caller]
    pub fn cookies(&self) -> Vec<Cookie> {
        Cookie::list(&self.call("Network.getCookies", &json!({})))
    }

    /// Writes a picture of the page to `path`, as PNG.
    #[track_caller]
    pub fn screenshot(&self, path: impl AsRef<Path>) {
        let picture = self.call("Page.captureScreenshot", &json!({ "format": "png" }));
        let bytes = STANDARD
            .decode(picture["data"].as_str().unwrap_or_default())
            .expect("the browser sends base64");
        fs::write(path, bytes).expect("the picture can be written");
    }

    /// Hides the tab: the page becomes `hidden`.
    #[track_caller]
    pub fn hide(&self) {
        self.call(
            "Emulation.setFocusEmulationEnabled",
            &json!({ "enabled": false }),
        );
        self.set_window("minimized");
        self.wait_for("document.visibilityState === 'hidden'");
    }

    /// Shows the tab again.
    #[track_caller]
    pub fn show(&self) {
        self.set_window("normal");
        self.call(
            "Emulation.setFocusEmulationEnabled",
            &json!({ "enabled": true }),
        );
        self.wait_for("document.visibilityState === 'visible'");
    }

    #[track_caller]
    fn set_window(&self, state: &str) {
        let browser = &self.profile.browser;
        let window = browser.call(
            "Browser.getWindowForTarget",
            &json!({ "targetId": self.target }),
        );
        browser.call(
            "Browser.setWindowBounds",
            &json!({ "windowId": window["windowId"], "bounds": { "windowState": state } }),
        );
    }

    /// Freezes the page, as a browser does with a tab that was hidden for a long time.
    #[track_caller]
    pub fn freeze(&self) {
        self.call("Page.setWebLifecycleState", &json!({ "state": "frozen" }));
    }

    /// Wakes a frozen page.
    #[track_caller]
    pub fn resume(&self) {
        self.call("Page.setWebLifecycleState", &json!({ "state": "active" }));
    }

    /// Disconnects the page and the shared workers of its profile from the network, or reconnects them.
    #[track_caller]
    pub fn set_offline(&self, offline: bool) {
        let conditions = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        let connection = self.connection();
        let mut sessions = connection.sessions_of(&self.profile.workers);
        sessions.extend(connection.sessions_of(&self.observer));
        for session in sessions {
            for (method, params) in [
                ("Network.enable", &json!({})),
                ("Network.emulateNetworkConditions", &conditions),
            ] {
                connection
                    .call(Some(&session), method, params, COMMAND)
                    .unwrap_or_else(|error| panic!("{method}: {error}"));
            }
        }
    }

    /// Crashes the renderer of the page. Afterwards only dropping the page makes sense.
    #[track_caller]
    pub fn crash(&self) {
        self.observer.tolerate("the renderer crashed");
        self.connection()
            .tell(Some(&self.session), "Page.crash", &json!({}));
        let crashed = self
            .observer
            .wait(PATIENCE, |seen| seen.life == Life::Crashed);
        assert!(crashed, "the renderer did not crash within {PATIENCE:?}");
    }

    /// Discards the page's renderer, as a browser does when it needs the memory. [`Page::reload`]
    /// brings the page back, as when the user looks at the tab again.
    #[track_caller]
    pub fn discard(&self) {
        self.crash();
        self.observer.revive();
    }

    /// Accepts the failed requests that an unreachable server causes, from now on and those so far:
    /// requests without any answer (`net::ERR_...`) and the statuses 502, 503 and 504.
    pub fn expect_network_errors(&self) {
        self.observer.tolerate_outages();
        self.profile.workers.tolerate_outages();
    }

    /// Accepts problems whose text or address contains `fragment`.
    pub fn expect(&self, fragment: &str) {
        self.observer.tolerate(fragment);
    }

    /// What has gone wrong so far and was not expected.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        self.flush();
        self.observer.problems()
    }

    /// Takes the problems so far, so that they do not fail the test. For tests that look at each.
    #[must_use]
    pub fn take_problems(&self) -> Vec<Problem> {
        self.flush();
        self.observer.take(|_| true)
    }

    /// Takes the policy violations so far, so that they do not fail the test. The browser's own
    /// console messages about them are dropped too.
    #[must_use]
    pub fn take_violations(&self) -> Vec<String> {
        self.flush();
        self.observer
            .take(|problem| matches!(problem.kind, Kind::Violation | Kind::Security))
            .into_iter()
            .filter(|problem| problem.kind == Kind::Violation)
            .map(|problem| problem.text)
            .collect()
    }

    /// The last lines of the console.
    #[must_use]
    pub fn console(&self) -> String {
        self.flush();
        self.observer.transcript()
    }

    /// Fails the test if something went wrong in the page or in the shared workers of its profile.
    #[track_caller]
    pub fn assert_clean(&self) {
        self.flush();
        self.profile.flush();
        let mut problems = self.observer.problems();
        problems.extend(self.profile.workers.problems());
        assert!(problems.is_empty(), "{}", self.complaint(&problems));
    }

    fn complaint(&self, problems: &[Problem]) -> String {
        let list = indented(problems.iter());
        format!(
            "the page is not clean:\n{list}\nthe console:\n{}{}",
            self.observer.transcript(),
            self.profile.workers.transcript(),
        )
    }

    /// Closes the tab, as a user does, and waits until it is gone.
    #[track_caller]
    pub fn close(self) {
        self.assert_clean();
    }

    /// Sends a DevTools command to the page.
    #[track_caller]
    pub fn call(&self, method: &str, params: &Value) -> Value {
        self.connection()
            .call(Some(&self.session), method, params, COMMAND)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    pub(super) fn evaluate(
        &self,
        js: &str,
        patience: std::time::Duration,
    ) -> Result<Value, String> {
        let mut answer = self.connection().call(
            Some(&self.session),
            "Runtime.evaluate",
            &json!({
                "expression": js,
                "awaitPromise": true,
                "returnByValue": true,
                "userGesture": true,
                // By default DevTools may evaluate strings even if the page may not.
                "allowUnsafeEvalBlockedByCSP": false,
            }),
            patience,
        )?;
        if answer["exceptionDetails"].is_object() {
            return Err(exception_text(&answer["exceptionDetails"]));
        }
        Ok(answer["result"]["value"].take())
    }

    fn flush(&self) {
        if self.observer.read(|seen| seen.life != Life::Running) {
            return;
        }
        for session in self.connection().sessions_of(&self.observer) {
            // Events come before the answer to a later command. A frame or worker that is just
            // ending does not answer; then there is nothing to wait for.
            let _ = self.connection().call(
                Some(&session),
                "Runtime.evaluate",
                &json!({ "expression": "0" }),
                PATIENCE,
            );
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.profile.browser.inner.connection
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let failing = thread::panicking();
        let problems = if failing { Vec::new() } else { self.problems() };
        let closed = self.connection().call(
            None,
            "Target.closeTarget",
            &json!({ "targetId": self.target }),
            COMMAND,
        );
        if closed.is_ok() {
            self.observer.wait(PATIENCE, |seen| seen.life == Life::Gone);
        }
        assert!(problems.is_empty(), "{}", self.complaint(&problems));
    }
}
