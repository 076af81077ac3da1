//! The names under which the values of fields are stored: the key of the document, and the name of
//! the value in it.

use std::{borrow::Cow, fmt::Write as _};

use sha2::{Digest, Sha256};

use super::VALUE;
use crate::{
    field::{FieldDescriptor, Home, Segment},
    hex,
    store::Key,
};

impl FieldDescriptor {
    /// The name of its value within its document, in this version of its stored form.
    ///
    /// Each version has a name of its own, so builds of different versions cannot confuse their
    /// values.
    pub(crate) fn stored_name(&self, version: u32) -> Cow<'static, str> {
        let name = if self.is_shared() { VALUE } else { self.key };
        if version <= 1 {
            Cow::Borrowed(name)
        } else {
            Cow::Owned(format!("{name}@{version}"))
        }
    }

    /// The key of the document that contains only this value, for the path parameters `params`. `None` if
    /// the value is in the document of the session, or not stored.
    ///
    /// No text of a parameter can lead to the key of another value.
    pub(crate) fn document_key(&self, params: &[(String, String)]) -> Option<Key> {
        let text = match self.home()? {
            Home::Session | Home::Tab => return None,
            Home::App => format!("app/{}", self.key),
            Home::Shared { .. } => {
                let segments: Vec<_> = self
                    .segments
                    .iter()
                    .map(|segment| written(*segment, params))
                    .collect();
                format!("shared/{}", segments.join("/"))
            }
        };
        // Names in source code may also be long.
        Key::new(text.as_str()).or_else(|| Key::new(format!("shared/={}", digest(&text))))
    }
}

/// The text of a literal segment, or the encoded value of the parameter in a segment.
fn written(segment: Segment, params: &[(String, String)]) -> Cow<'static, str> {
    let name = match segment {
        Segment::Literal(text) => return Cow::Borrowed(text),
        Segment::Param(name) => name,
    };
    let value = params
        .iter()
        .find(|(param, _)| param == name)
        .map_or("", |(_, value)| value);
    Cow::Owned(encoded(value))
}

/// Percent-encodes all characters except unreserved ones. A long text becomes a hash, which cannot be
/// confused with an encoded text.
fn encoded(value: &str) -> String {
    const LONGEST: usize = 128;
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(char::from(byte));
        } else {
            // Writing to a string never fails.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    if text.len() > LONGEST {
        format!("={}", digest(value))
    } else {
        text
    }
}

fn digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::field::{FieldKind, StateScope};

    fn field(
        key: &'static str,
        segments: &'static [Segment],
        scope: StateScope,
    ) -> FieldDescriptor {
        FieldDescriptor {
            name: "field",
            key,
            segments,
            kind: FieldKind::State(scope),
            type_name: "u8",
            version: 1,
            ty: None,
        }
    }

    fn room(room: &str, seat: &str) -> Key {
        let params = [("room", room), ("seat", seat)].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let segments = const {
            &[
                Segment::Literal("room"),
                Segment::Param("room"),
                Segment::Param("seat"),
            ]
        };
        field(
            "room/{room}/{seat}",
            segments,
            StateScope::Shared { ttl: None },
        )
        .document_key(&params)
        .unwrap()
    }

    #[test]
    fn a_shared_value_is_kept_under_its_key() {
        assert_eq!(room("lobby", "1").as_str(), "shared/room/lobby/1");
        assert_eq!(room("a/b c", "ä").as_str(), "shared/room/a%2Fb%20c/%C3%A4");
        let app = field("Page.total", &[], StateScope::App);
        assert_eq!(app.document_key(&[]).unwrap().as_str(), "app/Page.total");
        assert!(
            field("Page.own", &[], StateScope::Session)
                .document_key(&[])
                .is_none()
        );
    }

    proptest! {
        #[test]
        fn no_parameter_reaches_the_key_of_another(
            a in (".{0,200}", ".{0,9}"),
            b in (".{0,200}", ".{0,9}"),
        ) {
            let (one, other) = (room(&a.0, &a.1), room(&b.0, &b.1));
            prop_assert_eq!(one == other, a == b);
            prop_assert!(one.as_str().starts_with("shared/room/"));
            prop_assert_eq!(one.as_str().matches('/').count(), 3);
        }
    }
}
