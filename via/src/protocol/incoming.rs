//! Decodes what a browser sends, within limits.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use crate::{limits, refusal::Refusal};

/// An attach request: a document asks for a tab.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attach {
    /// The token of this tab's document before a reload, or of this document before it gets old.
    pub(crate) token: Option<String>,
    /// The fingerprint of the page, in the build that rendered the document.
    pub(crate) page: Option<String>,
}

/// A stream request: a browser asks for the frames of its tabs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenStream {
    pub(crate) tabs: Vec<StreamedTab>,
}

/// One tab of a stream request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamedTab {
    pub(crate) token: String,
    /// The hash of the frame that it shows.
    pub(crate) frame: Option<String>,
}

/// An action request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Act {
    pub(crate) token: String,
    pub(crate) number: u64,
    pub(crate) action: String,
    #[serde(deserialize_with = "within_limits")]
    pub(crate) args: Box<RawValue>,
    #[serde(default, deserialize_with = "within_limits")]
    pub(crate) signals: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "within_limits")]
    pub(crate) dirty: BTreeSet<String>,
}

impl Act {
    /// As [`decode`], without a second look at what is right: mostly there is far more around the members
    /// that have limits than in them.
    ///
    /// # Errors
    ///
    /// As [`decode`].
    pub(crate) fn decode(body: &[u8]) -> Result<Self, Refusal> {
        match serde_json::from_slice::<Self>(body) {
            Ok(act) if [&act.token, &act.action].iter().all(|text| is_short(text)) => Ok(act),
            // In this order everything wrong is found before its shape is.
            _ => decode(body),
        }
    }
}

/// Decodes a request's body, after checking that it is JSON within the limits.
///
/// # Errors
///
/// A 400 if it is not JSON, a 422 if it is over a limit or of another shape.
pub(crate) fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(body);
    Within { depth: 0 }
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| {
            if error.is_data() {
                Refusal::OVER_LIMIT.saying(without_position(&error))
            } else {
                Refusal::NOT_JSON.saying(format!("The body is not JSON: {error}"))
            }
        })?;
    serde_json::from_slice(body).map_err(|error| Refusal::MALFORMED.saying(error.to_string()))
}

/// The text of an error for an end user, to whom lines and columns of JSON mean nothing.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text[..end].to_owned()
}

/// Decodes a member of a request, after checking that it is within the limits.
fn within_limits<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let json = <&RawValue>::deserialize(deserializer)?.get();
    Within { depth: 1 }
        .deserialize(&mut serde_json::Deserializer::from_str(json))
        .and_then(|()| serde_json::from_str(json))
        .map_err(D::Error::custom)
}

fn is_short(text: &str) -> bool {
    text.len() <= limits::JSON_STRING_LEN
}

/// Walks through JSON without keeping it, and stops where it is over a limit.
#[derive(Clone, Copy)]
struct Within {
    depth: usize,
}

impl Within {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == limits::JSON_DEPTH {
            return Err(E::custom(format_args!(
                "The values nest deeper than {} levels.",
                limits::JSON_DEPTH
            )));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Within {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON within the limits")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if !is_short(text) {
            return Err(E::custom(format_args!(
                "This text is too long: at most {} bytes are allowed.",
                limits::JSON_STRING_LEN
            )));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let within = self.deeper()?;
        let mut len = 0;
        while seq.next_element_seed(within)?.is_some() {
            len += 1;
            if len > limits::JSON_ARRAY_LEN {
                return Err(A::Error::custom(format_args!(
                    "This list is too long: at most {} entries are allowed.",
                    limits::JSON_ARRAY_LEN
                )));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let within = self.deeper()?;
        let mut keys = SeenKeys::default();
        while let Some(Name(key)) = map.next_key()? {
            if key.len() > limits::JSON_KEY_LEN {
                return Err(A::Error::custom(format_args!(
                    "A key is longer than {} bytes.",
                    limits::JSON_KEY_LEN
                )));
            }
            if !keys.insert(key) {
                return Err(A::Error::custom("A key appears twice."));
            }
            if keys.len() > limits::JSON_KEYS {
                return Err(A::Error::custom(format_args!(
                    "An object has more than {} keys.",
                    limits::JSON_KEYS
                )));
            }
            map.next_value_seed(within)?;
        }
        Ok(())
    }
}

/// The name of a member, borrowed where it stands as it is.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The keys of one object: mostly few, which are compared with each other.
#[derive(Default)]
struct SeenKeys<'a> {
    few: [Cow<'a, str>; 8],
    /// How many of `few` are there.
    count: usize,
    more: BTreeSet<Cow<'a, str>>,
}

impl<'a> SeenKeys<'a> {
    /// Whether it was not there before.
    fn insert(&mut self, key: Cow<'a, str>) -> bool {
        if self.few[..self.count].contains(&key) {
            return false;
        }
        let Some(place) = self.few.get_mut(self.count) else {
            return self.more.insert(key);
        };
        *place = key;
        self.count += 1;
        true
    }

    fn len(&self) -> usize {
        self.count + self.more.len()
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    fn status(body: &str) -> u16 {
        decode::<Value>(body.as_bytes())
            .map_or_else(|refused| refused.into_response().status().as_u16(), |_| 200)
    }

    #[test]
    fn what_is_not_json_is_a_bad_request() {
        for body in [
            "",
            "{",
            "nul",
            "{}{}",
            "{\"a\":1,}",
            "\u{feff}{}",
            "[1e999]",
        ] {
            assert_eq!(status(body), 400, "{body}");
        }
    }

    #[test]
    fn what_is_over_a_limit_is_said_in_a_sentence_without_a_position() {
        let body = format!("\"{}\"", "x".repeat(limits::JSON_STRING_LEN + 1));
        let refusal = decode::<Value>(body.as_bytes()).unwrap_err();
        assert_eq!(
            refusal.message(),
            format!(
                "This text is too long: at most {} bytes are allowed.",
                limits::JSON_STRING_LEN
            )
        );
    }

    #[test]
    fn json_is_taken_at_each_limit_and_refused_one_above() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let string = |len| format!("\"{}\"", "x".repeat(len));
        let key = |len| format!("{{\"{}\":0}}", "x".repeat(len));
        let array = |len| format!("[{}]", vec!["0"; len].join(","));
        let object = |len: usize| {
            let pairs: Vec<_> = (0..len).map(|at| format!("\"{at}\":0")).collect();
            format!("{{{}}}", pairs.join(","))
        };
        let cases: [(usize, &dyn Fn(usize) -> String); 5] = [
            (limits::JSON_DEPTH, &nested),
            (limits::JSON_STRING_LEN, &string),
            (limits::JSON_KEY_LEN, &key),
            (limits::JSON_ARRAY_LEN, &array),
            (limits::JSON_KEYS, &object),
        ];
        for (limit, make) in cases {
            assert_eq!(status(&make(limit)), 200);
            assert_eq!(status(&make(limit + 1)), 422, "{limit}");
        }
    }

    #[test]
    fn a_key_given_twice_and_an_unknown_field_are_refused() {
        assert_eq!(status(r#"{"a":1,"a":2}"#), 422);
        for twice in [0, 7, 8, 9, 40] {
            let mut keys: Vec<_> = (0..=40).map(|key| format!("\"{key}\":0")).collect();
            assert_eq!(status(&format!("{{{}}}", keys.join(","))), 200);
            keys.push(format!("\"{twice}\":0"));
            assert_eq!(status(&format!("{{{}}}", keys.join(","))), 422, "{twice}");
        }
        assert!(decode::<Attach>(br#"{"tokens":""}"#).is_err());
        assert!(decode::<Attach>(b"{}").unwrap().token.is_none());
    }

    #[test]
    fn an_action_is_refused_for_the_same_reasons_whether_it_is_read_once_or_twice() {
        let answer = |decoded: Result<Act, Refusal>| match decoded {
            Ok(act) => format!("{act:?}"),
            Err(refused) => format!("{refused:?}"),
        };
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let string = |len| format!("\"{}\"", "x".repeat(len));
        let key = |len| format!("{{\"{}\":0}}", "x".repeat(len));
        let array = |len| format!("[{}]", vec!["\"\""; len].join(","));
        let mut values = vec!["[]".to_owned(), "null".into(), "7".into(), "{".into()];
        for one in [0, 1] {
            values.push(nested(limits::JSON_DEPTH - 1 + one));
            values.push(string(limits::JSON_STRING_LEN + one));
            values.push(key(limits::JSON_KEY_LEN + one));
            values.push(array(limits::JSON_ARRAY_LEN + one));
        }
        values.extend(
            [
                r#"{"a":1,"a":2}"#,
                "[1e999]",
                r#"["\ud800"]"#,
                "[1.50,18446744073709551616]",
            ]
            .map(Into::into),
        );
        let whole = [
            ("token", r#""t""#),
            ("number", "1"),
            ("action", r#""A::b""#),
            ("args", "[]"),
            ("signals", r#"{"step":1}"#),
            ("dirty", r#"["step"]"#),
        ];
        let mut taken = 0;
        for (place, _) in whole.iter().enumerate() {
            for value in &values {
                let mut members: Vec<_> = whole
                    .map(|(name, value)| format!("\"{name}\":{value}"))
                    .into();
                members[place] = format!("\"{}\":{value}", whole[place].0);
                let body = format!("{{{}}}", members.join(","));
                let once = answer(Act::decode(body.as_bytes()));
                assert_eq!(once, answer(decode(body.as_bytes())), "{body}");
                taken += usize::from(once.starts_with("Act"));
            }
        }
        // Of the arguments all that is within the limits, of the rest what is of its type.
        assert_eq!(taken, 14);
    }
}
