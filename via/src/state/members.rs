//! The members of a JSON object, each as its stored bytes.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::RawValue;

/// Values by name, sorted by name. There are few of them in each of many documents, so a `Vec` without
/// spare capacity needs the least memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values(Vec<(Box<str>, Box<RawValue>)>);

impl Values {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0 = Vec::new();
    }

    pub(super) fn get(&self, name: &str) -> Option<&RawValue> {
        self.position(name).ok().map(|index| &*self.0[index].1)
    }

    /// Returns the value that was there before.
    pub(super) fn insert(&mut self, name: &str, value: Box<RawValue>) -> Option<Box<RawValue>> {
        match self.position(name) {
            Ok(index) => Some(std::mem::replace(&mut self.0[index].1, value)),
            Err(index) => {
                self.0.reserve_exact(1);
                self.0.insert(index, (name.into(), value));
                None
            }
        }
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Box<RawValue>> {
        let index = self.position(name).ok()?;
        Some(self.0.remove(index).1)
    }

    /// The remaining values, without spare capacity for those that were removed.
    pub(super) fn rest(mut self) -> Self {
        self.0.shrink_to_fit();
        self
    }

    /// Writes the values as members of the object that contains them.
    pub(super) fn write<M: SerializeMap>(&self, members: &mut M) -> Result<(), M::Error> {
        self.0
            .iter()
            .try_for_each(|(name, value)| members.serialize_entry(name, value))
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| (**other).cmp(name))
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(member) = map.next_entry::<Box<str>, Box<RawValue>>()? {
                    values.push(member);
                }
                // If several members have one name, the last one counts. The sort is stable.
                values.reverse();
                values.sort_by(|(one, _), (other, _)| one.cmp(other));
                values.dedup_by(|(one, _), (other, _)| one == other);
                values.shrink_to_fit();
                Ok(Values(values))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(values: &Values) -> String {
        serde_json::to_string(values).unwrap()
    }

    #[test]
    fn they_are_kept_by_name_and_of_one_name_the_last_counts() {
        let mut values: Values =
            serde_json::from_str(r#"{"b":1,"c":[ 2 ],"a":"x","b":3}"#).unwrap();
        assert_eq!(written(&values), r#"{"a":"x","b":3,"c":[ 2 ]}"#);
        assert_eq!(values.get("c").unwrap().get(), "[ 2 ]");
        assert!(values.get("d").is_none());
        assert_eq!(values.remove("b").unwrap().get(), "3");
        assert!(values.remove("b").is_none());
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        assert!(values.insert("bb", raw("4")).is_none());
        assert_eq!(values.insert("a", raw("5")).unwrap().get(), "\"x\"");
        assert_eq!(
            written(&values.clone().rest()),
            r#"{"a":5,"bb":4,"c":[ 2 ]}"#
        );
        values.clear();
        assert!(values.is_empty());
    }
}
