//! What the expressions of a view give while the first HTML of a page is rendered.

use std::{cell::RefCell, collections::HashMap};

use serde_json::{Map, Value};

thread_local! {
    static RENDERING: RefCell<Option<Known>> = const { RefCell::new(None) };
}

/// What the server knows of a page's signals and expressions.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The signals, by their names in the browser.
    pub(crate) signals: Map<String, Value>,
    /// What expressions give, by their text as it stands in the HTML.
    pub(crate) values: HashMap<String, Value>,
}

/// Renders on this thread, and takes note of what the expressions in it give for these signals.
pub(crate) fn observe<R>(signals: Map<String, Value>, render: impl FnOnce() -> R) -> (R, Known) {
    /// Also where the view panics, nothing stays behind.
    struct Clear(Option<Known>);
    impl Drop for Clear {
        fn drop(&mut self) {
            RENDERING.set(self.0.take());
        }
    }
    let known = Known {
        signals,
        values: HashMap::new(),
    };
    let _clear = Clear(RENDERING.replace(Some(known)));
    let rendered = render();
    (rendered, RENDERING.take().unwrap_or_default())
}

/// Takes note of what the expression gives that was printed as `html`, if somebody observes.
pub(super) fn note(html: &str, value: impl FnOnce(&Map<String, Value>) -> Option<Value>) {
    RENDERING.with_borrow_mut(|rendering| {
        let Some(known) = rendering else { return };
        if known.values.contains_key(html) {
            return;
        }
        if let Some(value) = value(&known.signals) {
            known.values.insert(html.to_owned(), value);
        }
    });
}
