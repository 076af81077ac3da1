//! Where the value of a field is kept: in which document, and under which name in it.

use std::{borrow::Cow, fmt::Write as _};

use sha2::{Digest, Sha256};

use super::{FieldDescriptor, FieldKind, Segment, SignalScope, StateScope, equal};
use crate::{hex, state::VALUE, store::Key};

impl FieldDescriptor {
    /// The name of its value within its document, in this version of its stored form. Each version
    /// has a name of its own, so that builds of different versions never take one for the other.
    pub(crate) fn stored_name(&self, version: u32) -> Cow<'static, str> {
        let name = if self.is_shared() { VALUE } else { self.key };
        if version <= 1 {
            Cow::Borrowed(name)
        } else {
            Cow::Owned(format!("{name}@{version}"))
        }
    }

    /// Whether its value has a document of its own, which is not the session's.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(
            self.kind,
            FieldKind::State(StateScope::App | StateScope::Shared { .. })
        )
    }

    /// The key of the document that keeps the value, for the path parameters `params`; `None`
    /// where that is the session's.
    ///
    /// No value of a parameter reaches the key of another value.
    pub(crate) fn document_key(&self, params: &[(String, String)]) -> Option<Key> {
        let text = match self.kind {
            FieldKind::State(StateScope::App) => format!("app/{}", self.key),
            FieldKind::State(StateScope::Shared { .. }) => {
                let segments: Vec<_> = self
                    .segments
                    .iter()
                    .map(|segment| written(*segment, params))
                    .collect();
                format!("shared/{}", segments.join("/"))
            }
            _ => return None,
        };
        // Names in source code may be long too.
        Key::new(text.as_str()).or_else(|| Key::new(format!("shared/={}", digest(&text))))
    }

    /// Whether both fields can be kept under the same key.
    pub(crate) const fn can_share_a_key(&self, other: &Self) -> bool {
        use FieldKind::{Signal, State};
        match (self.kind, other.kind) {
            (
                State(StateScope::Session) | Signal(SignalScope::Session),
                State(StateScope::Session) | Signal(SignalScope::Session),
            )
            | (
                State(StateScope::Tab) | Signal(SignalScope::Tab),
                State(StateScope::Tab) | Signal(SignalScope::Tab),
            )
            | (State(StateScope::App), State(StateScope::App)) => equal(self.key, other.key),
            (State(StateScope::Shared { .. }), State(StateScope::Shared { .. })) => {
                Segment::can_be_equal(self.segments, other.segments)
            }
            _ => false,
        }
    }
}

/// The text of a literal segment, or the encoded value of the parameter that a segment names.
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

/// Percent encoding of everything but unreserved characters; of a long text its hash, which no
/// encoded text looks like.
fn encoded(value: &str) -> String {
    const LONGEST: usize = 128;
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
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
