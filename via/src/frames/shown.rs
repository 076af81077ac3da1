//! The signals that a tab shows, as far as the server knows.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::signal::Signals;

/// The signals of a tab. Usually these are the signals of the previous frame.
#[derive(Debug, Default)]
pub(crate) struct ShownSignals<'f> {
    frame: Option<&'f Signals>,
    /// The signals that differ from the frame; without a value if that is unknown.
    but: BTreeMap<String, Option<Value>>,
}

impl<'f> ShownSignals<'f> {
    /// The tab shows exactly the signals of `frame`.
    pub(crate) fn all(frame: &'f Signals) -> Self {
        Self {
            frame: Some(frame),
            but: BTreeMap::new(),
        }
    }

    /// The server does not know what the tab shows.
    pub(crate) fn nothing() -> Self {
        Self::default()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        match self.but.get(name) {
            Some(value) => value.as_ref(),
            None => self.frame?.get(name),
        }
    }

    /// Notes that the tab shows `value`.
    pub(crate) fn learn(&mut self, name: &str, value: &Value) {
        if self.get(name) != Some(value) {
            self.but.insert(name.to_owned(), Some(value.clone()));
        }
    }

    /// Notes that the value which the tab shows is unknown.
    pub(crate) fn forget(&mut self, name: &str) {
        if self.get(name).is_some() {
            self.but.insert(name.to_owned(), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn what_was_learned_or_forgotten_wins_over_the_frame() {
        let frame: Signals = [
            (Cow::Borrowed("a"), Value::from(1)),
            (Cow::Borrowed("b"), Value::from(2)),
        ]
        .into_iter()
        .collect();
        let mut shown = ShownSignals::all(&frame);
        shown.learn("a", &Value::from(1));
        assert!(shown.but.is_empty());
        shown.learn("a", &Value::from(7));
        shown.forget("b");
        shown.forget("c");
        assert_eq!(shown.get("a"), Some(&Value::from(7)));
        assert_eq!(shown.get("b"), None);
        assert!(!shown.but.contains_key("c"));
        shown.learn("b", &Value::from(3));
        assert_eq!(shown.get("b"), Some(&Value::from(3)));
        assert_eq!(ShownSignals::nothing().get("a"), None);
    }
}
