//! The document of one shared value: of the whole application, or of one key.

use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::{
    DocumentError, Fields,
    document::{Encoded, open},
    values::Values,
};

/// The format of shared documents that this build reads and writes.
const FORMAT: u64 = 1;

/// The name of the one value in a shared document.
pub(crate) const VALUE: &str = "value";

/// Everything that is kept of one shared value.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedDocument {
    /// The value, and what other versions of its field made of it.
    pub(crate) fields: Fields,
    /// What another version of this format keeps beside.
    unknown: Values,
}

impl SharedDocument {
    /// Reads what [`encode`](Self::encode) wrote, in this build or another.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut parts = open(bytes, FORMAT)?;
        Ok(Self {
            fields: Fields::take(&mut parts)?,
            unknown: parts.rest(),
        })
    }

    /// The bytes for the store.
    pub(crate) fn encode(&self) -> Encoded {
        Encoded::of(self)
    }
}

impl Serialize for SharedDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("format", &FORMAT)?;
        self.fields.write(&mut members)?;
        self.unknown.write(&mut members)?;
        members.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_version_wrote_is_kept_byte_for_byte() {
        let text = r#"{"format":1,"fields":{"value":[ 1 ],"value@2":1e2},"aside":{"value":["x"]},"later":{ "b" : 1.50 }}"#;
        let again = SharedDocument::decode(text.as_bytes()).unwrap().encode();
        assert_eq!(&*again.bytes, text.as_bytes());
    }

    #[test]
    fn a_newer_format_is_refused_by_name() {
        let error = SharedDocument::decode(br#"{"format":2,"fields":[]}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a document has format 2, which is newer than this build's 1"
        );
    }
}
