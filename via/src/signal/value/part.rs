//! Values with several parts, for the derive macro.

use std::slice;

use serde_json::{Map, Value};

use super::{SignalError, SignalValue};

/// Decodes the parts of a value one by one, in the order of their declaration.
#[doc(hidden)]
#[derive(Debug)]
pub struct Parts<'a>(Form<'a>);

#[derive(Debug)]
enum Form<'a> {
    Object {
        fields: &'a Map<String, Value>,
        names: slice::Iter<'static, &'static str>,
    },
    List(std::iter::Enumerate<slice::Iter<'a, Value>>),
}

impl<'a> Parts<'a> {
    /// Takes an object with the fields `names`.
    ///
    /// # Errors
    ///
    /// If `value` is not an object, or has an unknown field.
    pub fn object(value: &'a Value, names: &'static [&'static str]) -> Result<Self, SignalError> {
        let Value::Object(fields) = value else {
            let reason = match names {
                [] => "must be an empty object".to_owned(),
                names => format!("must be an object of {}", listed(names, "and")),
            };
            return Err(SignalError::new(reason));
        };
        for name in fields.keys() {
            if !names.contains(&name.as_str()) {
                return Err(SignalError::new("is not known here").in_field(name));
            }
        }
        Ok(Self(Form::Object {
            fields,
            names: names.iter(),
        }))
    }

    /// Takes a list of this length.
    ///
    /// # Errors
    ///
    /// If `value` is not a list, or has another length.
    pub fn list(value: &'a Value, length: usize) -> Result<Self, SignalError> {
        match value {
            Value::Array(items) if items.len() == length => {
                Ok(Self(Form::List(items.iter().enumerate())))
            }
            _ => Err(SignalError::new(format!("must be an array of {length}"))),
        }
    }

    /// Decodes the next part; [`SignalValue::decode_part`] calls this.
    pub(super) fn next<T: SignalValue>(&mut self) -> Result<T, SignalError> {
        const TOO_MANY: &str = "generated code asks for as many parts as it named";
        match &mut self.0 {
            Form::Object { fields, names } => {
                let name = names.next().expect(TOO_MANY);
                match fields.get(*name) {
                    Some(value) => T::decode(value),
                    None => Err(SignalError::new("is missing")),
                }
                .map_err(|error| error.in_field(name))
            }
            Form::List(items) => {
                let (index, value) = items.next().expect(TOO_MANY);
                T::decode(value).map_err(|error| error.in_item(index))
            }
        }
    }
}

/// The name of a variant, and its content.
#[doc(hidden)]
#[derive(Debug)]
pub struct Tagged<'a> {
    /// The name that the browser sent.
    pub name: &'a str,
    content: Option<&'a Value>,
    names: &'static [&'static str],
}

impl<'a> Tagged<'a> {
    /// Splits a variant into name and content: `"Open"` or `{"Owner": ..}`.
    ///
    /// # Errors
    ///
    /// If `value` has neither of these forms.
    pub fn of(value: &'a Value, names: &'static [&'static str]) -> Result<Self, SignalError> {
        let (name, content) = match value {
            Value::String(name) => Some((name, None)),
            Value::Object(object) if object.len() == 1 => object
                .iter()
                .next()
                .map(|(name, content)| (name, Some(content))),
            _ => None,
        }
        .ok_or_else(|| no_variant(names))?;
        Ok(Self {
            name,
            content,
            names,
        })
    }

    /// Checks that the variant has no content.
    ///
    /// # Errors
    ///
    /// If it has content.
    pub fn unit(&self) -> Result<(), SignalError> {
        match self.content {
            None => Ok(()),
            Some(_) => Err(SignalError::new("has no content").in_field(self.name)),
        }
    }

    /// Decodes the content with `take`.
    ///
    /// # Errors
    ///
    /// If there is no content, or if `take` fails. The path of the error contains the name.
    pub fn content<T>(
        &self,
        take: impl FnOnce(&'a Value) -> Result<T, SignalError>,
    ) -> Result<T, SignalError> {
        self.content
            .map_or_else(
                || Err(SignalError::new("has no content, but needs it")),
                take,
            )
            .map_err(|error| error.in_field(self.name))
    }

    /// The error for an unknown name.
    #[must_use]
    pub fn unknown(&self) -> SignalError {
        no_variant(self.names)
    }
}

fn no_variant(names: &[&str]) -> SignalError {
    SignalError::new(format!("must be {}", listed(names, "or")))
}

/// Lists names: `a`, `b` and `c`.
fn listed(names: &[&str], word: &str) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} {word} {last}", others.join(", ")),
    }
}

/// Encodes a struct.
#[doc(hidden)]
#[must_use]
pub fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Object(
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

/// Encodes the unnamed fields of a variant.
#[doc(hidden)]
#[must_use]
pub fn list<const N: usize>(items: [Value; N]) -> Value {
    Value::Array(items.into())
}

/// Encodes a variant with content.
#[doc(hidden)]
#[must_use]
pub fn tagged(name: &str, content: Value) -> Value {
    object([(name, content)])
}
