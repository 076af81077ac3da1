//! Reading the fields of a page out of documents, and writing them back.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

use serde_json::{Value, value::RawValue};

use crate::{
    page::{FieldDescriptor, FieldKind, PageDescriptor, SignalScope, StateScope},
    signal::SignalValue,
    state::{Migration, StateDecode, StateEncode},
};

/// Values under their stable keys, as the bytes they are stored in.
pub(crate) type Fields = BTreeMap<String, Box<RawValue>>;

/// The signals of a browser, as it sent them with an action.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs {
    /// Their values, by name.
    pub(crate) values: BTreeMap<String, Value>,
    /// Those that the user changed: they are kept. The others are only what the action sees.
    pub(crate) dirty: BTreeSet<String>,
}

/// Where the fields of one page, in one tab, come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sources<'a> {
    /// Fields that the session shares.
    pub(crate) session: &'a Fields,
    /// Fields of the tab alone.
    pub(crate) tab: &'a Fields,
    /// Shared values, by the keys of their fields; one that is not here was never written.
    pub(crate) shared: &'a [(&'static str, &'a Fields)],
    /// Who is logged in.
    pub(crate) principal: Option<&'a str>,
    /// Path parameters, by name.
    pub(crate) params: &'a [(String, String)],
    /// Signals as the browser holds them; they win over stored ones.
    pub(crate) inputs: &'a Inputs,
}

impl<'a> Sources<'a> {
    /// What is kept of a field in this version of its stored form.
    fn stored(&self, field: &FieldDescriptor, version: u32) -> Option<&'a RawValue> {
        let fields = match field.kind {
            FieldKind::State(StateScope::Session) | FieldKind::Signal(SignalScope::Session) => {
                self.session
            }
            FieldKind::State(StateScope::Tab) | FieldKind::Signal(SignalScope::Tab) => self.tab,
            FieldKind::State(StateScope::App | StateScope::Shared { .. }) => self
                .shared
                .iter()
                .find(|(key, _)| *key == field.key)
                .map(|(_, fields)| *fields)?,
            FieldKind::Signal(SignalScope::Local) | FieldKind::Param => return None,
        };
        fields.get(&*field.stored_name(version)).map(AsRef::as_ref)
    }
}

/// Hands the fields of a page to generated code, one by one in the order of the struct.
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldReader<'a> {
    remaining: std::slice::Iter<'static, FieldDescriptor>,
    sources: Sources<'a>,
    unreadable: Vec<&'static str>,
}

impl<'a> FieldReader<'a> {
    pub(crate) fn new(page: &'static PageDescriptor, sources: Sources<'a>) -> Self {
        Self {
            remaining: page.fields.iter(),
            sources,
            unreadable: Vec::new(),
        }
    }

    /// The stored value of a state field: in its own version, or else migrated from the newest older
    /// one that is there, or else the default. What is stored is left as it is, so that a build of
    /// an older version goes on with its own.
    pub fn state<T: StateDecode>(&mut self, default: fn() -> T, migrations: &[Migration<T>]) -> T {
        let field = self.next();
        let steps = [T::from_json as Migration<T>];
        let newest_first = steps.iter().chain(migrations.iter().rev());
        for (age, read) in (0..).zip(newest_first) {
            let Some(version) = field
                .version
                .checked_sub(age)
                .filter(|version| *version > 0)
            else {
                break;
            };
            let Some(stored) = self.sources.stored(field, version) else {
                continue;
            };
            match read(stored.get()) {
                Ok(value) => return value,
                Err(error) => self.report(field, &error),
            }
        }
        default()
    }

    /// The value of a signal: the browser's, or else the stored one, or else the default.
    ///
    /// # Errors
    ///
    /// [`ReadError::Signal`] if the browser sent a value that is not of the signal's type.
    pub fn signal<T: SignalValue>(&mut self, default: fn() -> T) -> Result<T, ReadError> {
        let field = self.next();
        let stored = self.sources.stored(field, 1).map(|stored| {
            serde_json::from_str::<Value>(stored.get())
                .map_err(|error| error.to_string())
                .and_then(|value| T::decode(&value).map_err(|error| error.to_string()))
        });
        // Also where the browser's value hides it: that one may be about to replace it.
        if let Some(Err(error)) = &stored {
            self.report(field, error);
        }
        if let Some(input) = self.sources.inputs.values.get(field.name) {
            return T::decode(input).map_err(|error| {
                let (name, reason) = error.of(field.name);
                ReadError::Signal { name, reason }
            });
        }
        Ok(stored.and_then(Result::ok).unwrap_or_else(default))
    }

    /// The value of a path parameter.
    ///
    /// # Errors
    ///
    /// [`ReadError::Param`] if the text in the path is not of the field's type.
    pub fn param<T: Param>(&mut self) -> Result<T, ReadError> {
        let field = self.next();
        self.sources
            .params
            .iter()
            .find(|(name, _)| name == field.name)
            .and_then(|(_, text)| T::from_text(text))
            .ok_or(ReadError::Param { name: field.name })
    }

    /// The keys whose stored values could not be decoded.
    pub(crate) fn into_unreadable(self) -> Vec<&'static str> {
        self.unreadable
    }

    fn next(&mut self) -> &'static FieldDescriptor {
        self.remaining
            .next()
            .expect("generated code reads as many fields as the descriptor has")
    }

    fn report(&mut self, field: &'static FieldDescriptor, error: &dyn std::fmt::Display) {
        // The value itself may be private, and serde's messages quote it: only the key is logged.
        let _ = error;
        tracing::warn!(
            key = field.key,
            "a stored value cannot be decoded; its field starts from the default"
        );
        self.unreadable.push(field.key);
    }
}

/// Types that a `#[param]` field can have: every type that is `FromStr`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a path",
    label = "not a parameter type",
    note = "implement `std::str::FromStr` for `{Self}`, or take the parameter as a `String`"
)]
pub trait Param: Sized {
    /// Parses one segment of the path, after percent decoding.
    fn from_text(text: &str) -> Option<Self>;

    /// Reads the next field; called by generated code.
    ///
    /// # Errors
    ///
    /// [`ReadError::Param`] if the text in the path is not of this type.
    fn read_field(fields: &mut FieldReader<'_>) -> Result<Self, ReadError> {
        fields.param()
    }
}

#[diagnostic::do_not_recommend]
impl<T: FromStr> Param for T {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Types that a field without `default = ..` can have: every type that is `Default`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no default value, and the field has none either",
    label = "not `Default`",
    note = "write `default = ..` in the field's attribute, or derive `Default` for `{Self}`"
)]
pub trait HasDefault: Sized {
    /// The value of a field that was never written.
    fn default_value() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> HasDefault for T {
    fn default_value() -> Self {
        Self::default()
    }
}

/// Why a page could not be read for a request.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A path parameter is not of its type: there is no such page.
    #[error("the path has no valid `{name}`")]
    Param {
        /// The name of the field.
        name: &'static str,
    },
    /// A signal is not of its type.
    #[error("`{name}` {reason}")]
    Signal {
        /// The name of the signal, with the way to the part of it: `filter.owner`.
        name: String,
        /// What is wrong with it, as the end of a sentence.
        reason: String,
    },
}

/// Takes the fields of a page from generated code, one by one in the order of the struct.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct FieldWriter {
    written: Vec<Written>,
    error: Option<String>,
}

/// One field as it is written.
#[derive(Clone, Debug)]
pub(crate) enum Written {
    /// A state field's JSON.
    State(Box<RawValue>),
    /// A signal's JSON.
    Signal(Value),
    /// A parameter, which is not written.
    Param,
}

impl FieldWriter {
    /// Takes a state field.
    pub fn state<T: StateEncode>(&mut self, value: &T) {
        match value.to_json() {
            Ok(json) => self.written.push(Written::State(json)),
            Err(error) => {
                self.error.get_or_insert(error.to_string());
                self.written.push(Written::Param);
            }
        }
    }

    /// Takes a signal.
    pub fn signal<T: SignalValue>(&mut self, value: &T) {
        self.written.push(Written::Signal(value.encode()));
    }

    /// Takes a path parameter, which an action cannot change.
    pub fn param<T>(&mut self, _value: &T) {
        self.written.push(Written::Param);
    }

    /// All fields, in the order of the descriptor; one that could not be encoded counts as a
    /// parameter.
    pub(crate) fn into_written(self) -> Vec<Written> {
        self.written
    }

    /// All fields, in the order of the descriptor.
    ///
    /// # Errors
    ///
    /// The text of the first `Serialize` that failed.
    pub(crate) fn finish(self) -> Result<Vec<Written>, String> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.written),
        }
    }
}
