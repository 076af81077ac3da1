//! Waiting for a condition in the page.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::page::Page;
use crate::patience::PATIENCE;

/// How many characters of the document a failure message shows.
const SNAPSHOT: usize = 6_000;

impl Page {
    /// Waits until the expression `condition` is truthy in the page, and returns its value.
    ///
    /// Until then the expression may throw or give a promise, and the page may navigate. If the
    /// condition does not become true in time, the test fails with the condition, the document and the
    /// console.
    #[track_caller]
    pub fn wait_for(&self, condition: &str) -> Value {
        self.wait_for_within(condition, PATIENCE)
    }

    /// Waits as [`Page::wait_for`] does, for at most `patience`.
    #[track_caller]
    pub fn wait_for_within(&self, condition: &str, patience: Duration) -> Value {
        let deadline = Instant::now() + patience;
        let mut last;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.evaluate(&poll(condition, left), left + Duration::from_secs(3)) {
                Ok(mut outcome) if outcome["met"] == true => return outcome["value"].take(),
                Ok(outcome) => {
                    last = outcome["failure"].as_str().map(str::to_owned);
                    break;
                }
                // The page navigated while it was asked: ask the next document again.
                Err(error) => last = Some(error),
            }
            if Instant::now() >= deadline {
                break;
            }
            sleep(Duration::from_millis(10));
        }
        let why = last
            .map(|last| format!("\nlast failure: {last}"))
            .unwrap_or_default();
        panic!(
            "gave up waiting for `{condition}` (after {patience:?}){why}\n\n{}",
            self.snapshot()
        );
    }

    /// What the page looks like now, for a failure message.
    #[must_use]
    pub fn snapshot(&self) -> String {
        let js = "[location.href, document.visibilityState, document.readyState, \
                  document.documentElement.outerHTML]";
        let page = match self.evaluate(js, Duration::from_secs(3)) {
            Ok(page) => page,
            Err(error) => return format!("the page cannot be read: {error}"),
        };
        let text = |index: usize| page[index].as_str().unwrap_or_default();
        let html: String = text(3).chars().take(SNAPSHOT).collect();
        format!(
            "the page {} ({}, {}):\n{html}\n\nthe console:\n{}{}",
            text(0),
            text(1),
            text(2),
            self.observer.transcript(),
            self.profile.workers.transcript(),
        )
    }
}

/// Polls in the page itself, because each poll from here would cost a round trip.
fn poll(condition: &str, patience: Duration) -> String {
    let patience = patience.as_millis();
    format!(
        "new Promise((done) => {{
            const until = performance.now() + {patience};
            let failure = null;
            const plain = (value) => {{
                try {{ return value instanceof Node ? true : JSON.parse(JSON.stringify(value)); }}
                catch {{ return true; }}
            }};
            const look = async () => {{
                let value = false;
                try {{ value = await ({condition}\n); failure = null; }}
                catch (error) {{ failure = String(error); }}
                if (value) done({{ met: true, value: plain(value) }});
                else if (performance.now() >= until) done({{ met: false, failure }});
                else setTimeout(look, 5);
            }};
            look();
        }})"
    )
}
