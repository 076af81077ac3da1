//! The signals of a page with their values, as small as they can be kept.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// Values of signals by their names in the browser, in the order of the names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Signals(Box<[(Cow<'static, str>, Value)]>);

impl Signals {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let index = self.0.binary_search_by(|(other, _)| (**other).cmp(name));
        index.ok().map(|index| &self.0[index].1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    pub(crate) fn to_map(&self) -> Map<String, Value> {
        self.iter()
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect()
    }
}

impl FromIterator<(Cow<'static, str>, Value)> for Signals {
    fn from_iter<I: IntoIterator<Item = (Cow<'static, str>, Value)>>(signals: I) -> Self {
        let mut signals: Vec<_> = signals.into_iter().collect();
        signals.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Self(signals.into())
    }
}

impl Serialize for Signals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn they_are_found_and_written_by_name_in_whatever_order_they_came() {
        let names = ["step", "_open", "name"];
        let signals: Signals = names
            .iter()
            .zip(1..)
            .map(|(name, value)| (Cow::Borrowed(*name), Value::from(value)))
            .collect();
        assert_eq!(signals.get("step"), Some(&json!(1)));
        assert_eq!(signals.get("name"), Some(&json!(3)));
        assert_eq!(signals.get("other"), None);
        let text = serde_json::to_string(&signals).unwrap();
        assert_eq!(text, r#"{"_open":2,"name":3,"step":1}"#);
        assert_eq!(serde_json::to_string(&signals.to_map()).unwrap(), text);
    }
}
