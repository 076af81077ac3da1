//! The document of one shared value: of the whole application, or of one key.

use bytes::Bytes;
use serde::{Serialize, Serializer};

use super::{
    DocumentError, Fields,
    document::{take, take_or_default},
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
    /// Values that could not be decoded when the field was written again.
    pub(crate) aside: Fields,
    /// What another version of this format keeps beside.
    unknown: Fields,
}

/// The parts of a document, for writing.
#[derive(Serialize)]
struct Parts<'a> {
    format: u64,
    fields: &'a Fields,
    #[serde(skip_serializing_if = "Fields::is_empty")]
    aside: &'a Fields,
    #[serde(flatten, serialize_with = "raw_entries")]
    unknown: &'a Fields,
}

fn raw_entries<S: Serializer>(fields: &Fields, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(fields)
}

impl SharedDocument {
    /// Reads what [`encode`](Self::encode) wrote, in this build or another.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut parts: Fields = serde_json::from_slice(bytes)?;
        let format: u64 = take(&mut parts, "format")?;
        if format > FORMAT {
            return Err(DocumentError::Newer(format));
        }
        Ok(Self {
            fields: take(&mut parts, "fields")?,
            aside: take_or_default(&mut parts, "aside")?,
            unknown: parts,
        })
    }

    /// The bytes for the store.
    pub(crate) fn encode(&self) -> Bytes {
        let parts = Parts {
            format: FORMAT,
            fields: &self.fields,
            aside: &self.aside,
            unknown: &self.unknown,
        };
        serde_json::to_vec(&parts)
            .expect("text, numbers and JSON always have a JSON form")
            .into()
    }
}
