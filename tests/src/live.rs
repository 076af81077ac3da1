//! What every page of `via` shows to a test in a browser: whether its stream is open, whether actions
//! are unacknowledged, and whether the document is still the one that was opened.

use std::fmt::Display;

use serde_json::json;

use crate::chromium::{Page, Profile};

const MARK: &str = "window.marker";
const MARKED: &str = "the same document";

impl Profile {
    /// Opens a page and waits until its live stream is open.
    #[track_caller]
    pub fn open_live(&self, url: &str) -> Page {
        let page = self.open(url);
        page.online();
        page
    }
}

impl Page {
    /// Waits until the live stream is open.
    #[track_caller]
    pub fn online(&self) {
        self.wait_for("document.documentElement.dataset.viaConnection === 'online'");
    }

    /// Waits until no action is in flight.
    #[track_caller]
    pub fn settled(&self) {
        self.wait_for("!document.querySelector('[data-via-pending]')");
    }

    /// Waits until the element that `selector` finds has this text.
    #[track_caller]
    pub fn shows(&self, selector: &str, text: impl Display) {
        let (selector, text) = (json!(selector), json!(text.to_string()));
        self.wait_for(&format!(
            "document.querySelector({selector}).textContent === {text}"
        ));
    }

    /// Marks the document for [`assert_same_document`](Self::assert_same_document).
    #[track_caller]
    pub fn mark_document(&self) {
        self.eval(&format!("{MARK} = '{MARKED}'"));
    }

    /// Fails the test if the document is not the one that was marked.
    #[track_caller]
    pub fn assert_same_document(&self) {
        assert_eq!(self.eval(MARK), MARKED);
    }
}
