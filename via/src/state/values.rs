//! Stored values: those in use, those that were set aside, and those of other builds.

use std::collections::BTreeMap;

use serde::{Deserialize, de::Error as _, ser::SerializeMap};
use serde_json::value::RawValue;

pub(crate) use super::members::Values;

/// How many values of one field can be set aside. Each has another type, so there are about as many as
/// there are incompatible builds that run at the same time or are rolled back to.
const MAX_ASIDE: usize = 8;

/// The fields of a document or of a tab: values under their stored names, and values that were set
/// aside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    values: Values,
    /// The values that could not be decoded when their field was written again, the oldest first.
    aside: BTreeMap<String, Vec<Box<RawValue>>>,
}

impl Fields {
    /// No fields at all.
    pub(crate) const fn new() -> Self {
        Self {
            values: Values::new(),
            aside: BTreeMap::new(),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&RawValue> {
        self.values.get(name)
    }

    /// The values that were set aside under a name, the newest first.
    pub(super) fn aside(&self, name: &str) -> impl Iterator<Item = &RawValue> {
        self.aside
            .get(name)
            .into_iter()
            .flat_map(|values| values.iter().rev().map(AsRef::as_ref))
    }

    /// Sets a value. The old one could be decoded, or there was none.
    pub(crate) fn put(&mut self, name: &str, json: Box<RawValue>) {
        self.values.insert(name, json);
    }

    /// Replaces a value that could not be decoded, and sets it aside. `restored` is the value that was
    /// used instead. It is removed from the values set aside, because `json` was made from it.
    pub(super) fn put_over(
        &mut self,
        name: &str,
        json: Box<RawValue>,
        restored: Option<&RawValue>,
    ) {
        let old = self.values.insert(name, json);
        let aside = self.aside.entry(name.to_owned()).or_default();
        let is = |value: &RawValue, other: Option<&RawValue>| {
            other.is_some_and(|other| other.get() == value.get())
        };
        aside.retain(|value| !is(value, restored) && !is(value, old.as_deref()));
        aside.extend(old);
        if aside.len() > MAX_ASIDE {
            tracing::error!(
                name,
                "too many values of this field cannot be decoded; the one that was set aside first is dropped"
            );
            aside.drain(..aside.len() - MAX_ASIDE);
        }
        if aside.is_empty() {
            self.aside.remove(name);
        }
    }

    /// Removes the fields from the members of an object.
    pub(super) fn take(parts: &mut Values) -> Result<Self, serde_json::Error> {
        Ok(Self {
            values: take_or_default(parts, "fields")?,
            aside: take_or_default(parts, "aside")?,
        })
    }

    /// Writes the fields as two members of the object that contains them.
    pub(super) fn write<M: SerializeMap>(&self, members: &mut M) -> Result<(), M::Error> {
        if !self.values.is_empty() {
            members.serialize_entry("fields", &self.values)?;
        }
        if !self.aside.is_empty() {
            members.serialize_entry("aside", &self.aside)?;
        }
        Ok(())
    }
}

/// Removes a required member and decodes it.
pub(super) fn take<T: for<'de> Deserialize<'de>>(
    parts: &mut Values,
    name: &'static str,
) -> Result<T, serde_json::Error> {
    match parts.remove(name) {
        Some(json) => serde_json::from_str(json.get()),
        None => Err(serde_json::Error::missing_field(name)),
    }
}

/// Removes an optional member and decodes it. A missing member is the default.
pub(super) fn take_or_default<T: for<'de> Deserialize<'de> + Default>(
    parts: &mut Values,
    name: &str,
) -> Result<T, serde_json::Error> {
    parts
        .remove(name)
        .map_or_else(|| Ok(T::default()), |json| serde_json::from_str(json.get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn aside(fields: &Fields) -> Vec<String> {
        fields
            .aside("a")
            .map(|value| value.get().to_owned())
            .collect()
    }

    #[test]
    fn a_value_is_set_aside_once_and_the_newest_comes_first() {
        let mut fields = Fields::new();
        for text in ["1", "2", "1", "3"] {
            fields.put_over("a", json(text), None);
        }
        assert_eq!(aside(&fields), ["1", "2"]);
    }

    #[test]
    fn a_value_that_is_put_back_into_use_is_aside_no_longer() {
        let mut fields = Fields::new();
        fields.put("a", json("1"));
        fields.put_over("a", json("\"text\""), None);
        assert_eq!(aside(&fields), ["1"]);
        fields.put_over("a", json("2"), Some(&json("1")));
        assert_eq!(aside(&fields), ["\"text\""]);
    }

    #[test]
    fn the_oldest_of_too_many_values_is_dropped() {
        let mut fields = Fields::new();
        for number in 0..=MAX_ASIDE + 1 {
            fields.put_over("a", json(&number.to_string()), None);
        }
        let kept = aside(&fields);
        assert_eq!(kept.len(), MAX_ASIDE);
        assert_eq!(kept.first().unwrap(), &MAX_ASIDE.to_string());
        assert_eq!(kept.last().unwrap(), "1");
    }
}
