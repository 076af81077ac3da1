//! The document of one shared value, which belongs to the whole application or to one key.

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

/// The document of one shared value.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedDocument {
    /// The value, in each version of its field that a build has written.
    pub(crate) fields: Fields,
    /// Members that only other versions of this format know.
    unknown: Values,
}

impl SharedDocument {
    /// Decodes bytes that [`encode`](Self::encode) made, in this build or another.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut parts = open(bytes, FORMAT)?;
        Ok(Self {
            fields: Fields::take(&mut parts)?,
            unknown: parts.rest(),
        })
    }

    /// Encodes the document for the store.
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
