//! What the derive macro is made of: values that have parts.

use std::slice;

use serde_json::{Map, Value};

use super::{SignalError, SignalValue};

/// The parts of a value, handed out one by one in the order of the declaration.
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
    /// The fields of an object that has exactly those of `names`.
    ///
    /// # Errors
    ///
    /// If it is not an object, or has an unknown field.
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

    /// The items of a list of that length.
    ///
    /// # Errors
    ///
    /// If it is not a list, or has another length.
    pub fn list(value: &'a Value, length: usize) -> Result<Self, SignalError> {
        match value {
            Value::Array(items) if items.len() == length => {
                Ok(Self(Form::List(items.iter().enumerate())))
            }
            _ => Err(SignalError::new(format!("must be an array of {length}"))),
        }
    }

    /// The next part; [`SignalValue::decode_part`] calls it.
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

/// The name of a variant and its content, apart.
#[doc(hidden)]
#[derive(Debug)]
pub struct Tagged<'a> {
    /// The name that was sent.
    pub name: &'a str,
    content: Option<&'a Value>,
    names: &'static [&'static str],
}

impl<'a> Tagged<'a> {
    /// Takes a variant apart: `"Open"` or `{"Owner": ..}`.
    ///
    /// # Errors
    ///
    /// If it is neither.
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

    /// Checks that nothing comes with the name.
    ///
    /// # Errors
    ///
    /// If something does.
    pub fn unit(&self) -> Result<(), SignalError> {
        match self.content {
            None => Ok(()),
            Some(_) => Err(SignalError::new("has no content").in_field(self.name)),
        }
    }

    /// What `take` makes of the content.
    ///
    /// # Errors
    ///
    /// That of `take`, with the name in its path; or there is no content.
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

    /// The error for a name that no variant has.
    #[must_use]
    pub fn unknown(&self) -> SignalError {
        no_variant(self.names)
    }
}

fn no_variant(names: &[&str]) -> SignalError {
    SignalError::new(format!("must be {}", listed(names, "or")))
}

/// `a`, `b` and `c`
fn listed(names: &[&str], word: &str) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} {word} {last}", others.join(", ")),
    }
}

/// A struct.
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

/// The fields of a variant without names.
#[doc(hidden)]
#[must_use]
pub fn list<const N: usize>(items: [Value; N]) -> Value {
    Value::Array(items.into())
}

/// A variant with content.
#[doc(hidden)]
#[must_use]
pub fn tagged(name: &str, content: Value) -> Value {
    object([(name, content)])
}
