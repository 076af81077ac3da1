//! Reads the fields of a page from documents, and writes them back.

use std::str::FromStr;

use serde_json::{Value, value::RawValue};

use crate::{
    field::{FieldDescriptor, PageDescriptor},
    signal::SignalError,
    state::{Migration, Sources, StateDecode, StateEncode, unreadable},
};

/// A field whose stored value could not be decoded.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) key: &'static str,
    /// A value that was set aside earlier and is used instead.
    pub(super) restored: Option<Box<RawValue>>,
}

/// Passes the fields of a page to generated code, one by one in the order of the struct.
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldReader<'a> {
    remaining: std::slice::Iter<'static, FieldDescriptor>,
    sources: Sources<'a>,
    unreadable: Vec<Unreadable>,
    hidden: Vec<Hidden>,
    trial: bool,
}

/// A signal, and the value that it has without the one from the browser.
pub(crate) type Hidden = (&'static FieldDescriptor, Value);

/// The value of a field's own version in a document.
enum Stored<T> {
    Nothing,
    /// There are values, but none can be decoded.
    Unreadable,
    Value(T),
}

impl<'a> FieldReader<'a> {
    pub(crate) fn new(page: &'static PageDescriptor, sources: Sources<'a>) -> Self {
        Self {
            remaining: page.fields.iter(),
            sources,
            unreadable: Vec::new(),
            hidden: Vec::new(),
            trial: false,
        }
    }

    /// Reads values that are not stored yet, and does not count those that it cannot decode.
    pub(crate) fn trial(page: &'static PageDescriptor, sources: Sources<'a>) -> Self {
        Self {
            trial: true,
            ..Self::new(page, sources)
        }
    }

    /// Reads the stored value of a state field, or its default. `migrations` convert the values of earlier
    /// versions, the oldest version first.
    ///
    /// A value of the field's own version comes first, then the newest older one that migrates. If the
    /// stored value of a version cannot be decoded, this tries the values of that version that were set
    /// aside, the newest first.
    pub fn state<T: StateDecode>(&mut self, default: fn() -> T, migrations: &[Migration<T>]) -> T {
        let field = self.next();
        let decode = |json: &RawValue| T::from_json(json.get()).ok();
        match self.own(field, decode) {
            Stored::Value(value) => value,
            Stored::Unreadable => default(),
            Stored::Nothing => self.older(field, migrations).unwrap_or_else(default),
        }
    }

    /// Reads a signal: the value from the browser, or otherwise the stored one, or otherwise the default.
    /// The two functions come from the `SignalValue` of the type.
    ///
    /// # Errors
    ///
    /// [`ReadError::Signal`] if the browser sent a value that is not of the signal's type.
    pub fn signal<T>(
        &mut self,
        decode: fn(&Value) -> Result<T, SignalError>,
        encode: fn(&T) -> Value,
        default: fn() -> T,
    ) -> Result<T, ReadError> {
        let field = self.next();
        // Needed even if the browser sent a value, because that value may replace the stored one.
        let stored = self.own(field, |json| {
            let value: Value = serde_json::from_str(json.get()).ok()?;
            decode(&value).ok()
        });
        let stored = match stored {
            Stored::Value(value) => value,
            Stored::Unreadable | Stored::Nothing => default(),
        };
        let Some(input) = self.sources.inputs.values.get(field.name) else {
            return Ok(stored);
        };
        self.hidden.push((field, encode(&stored)));
        decode(input).map_err(|error| {
            let (name, reason) = error.of(field.name);
            ReadError::Signal { name, reason }
        })
    }

    /// Reads the value of a field's own version.
    fn own<T>(
        &mut self,
        field: &'static FieldDescriptor,
        decode: impl Fn(&RawValue) -> Option<T>,
    ) -> Stored<T> {
        let name = field.stored_name(field.version);
        let Some(fields) = self.sources.fields(field) else {
            return Stored::Nothing;
        };
        let Some(json) = fields.get(&name) else {
            return Stored::Nothing;
        };
        if let Some(value) = decode(json) {
            return Stored::Value(value);
        }
        if !self.trial {
            unreadable::note(field.key);
        }
        let restored = fields
            .aside(&name)
            .find_map(|json| Some((decode(json)?, json)));
        let (value, json) = restored.unzip();
        self.unreadable.push(Unreadable {
            key: field.key,
            restored: json.map(ToOwned::to_owned),
        });
        value.map_or(Stored::Unreadable, Stored::Value)
    }

    /// Reads the newest older version that migrates. The stored value stays unchanged, because an older
    /// build that runs at the same time still uses it.
    fn older<T>(&self, field: &'static FieldDescriptor, migrations: &[Migration<T>]) -> Option<T> {
        let fields = self.sources.fields(field)?;
        let versions = (1..field.version).rev();
        versions
            .zip(migrations.iter().rev())
            .find_map(|(version, migrate)| {
                let name = field.stored_name(version);
                let migrated = migrate(fields.get(&name)?.get()).ok();
                migrated.or_else(|| {
                    unreadable::note(field.key);
                    fields
                        .aside(&name)
                        .find_map(|json| migrate(json.get()).ok())
                })
            })
    }

    /// Reads a path parameter.
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

    /// The fields whose stored values could not be decoded.
    pub(crate) fn into_unreadable(self) -> Vec<Unreadable> {
        self.unreadable
    }

    /// The same, and the signals that the browser sent, with the values that they have without it.
    pub(crate) fn into_unreadable_and_hidden(self) -> (Vec<Unreadable>, Vec<Hidden>) {
        (self.unreadable, self.hidden)
    }

    fn next(&mut self) -> &'static FieldDescriptor {
        self.remaining
            .next()
            .expect("generated code reads as many fields as the descriptor has")
    }
}

/// Types that a `#[param]` field can have: every type that is `FromStr`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a path",
    label = "not a parameter type",
    note = "implement `std::str::FromStr` for `{Self}`, or use a `String`"
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
    message = "the field has no default value, and `{Self}` has none either",
    label = "not `Default`",
    note = "write `default = ..` in the attribute of the field, or derive `Default` for `{Self}`"
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
    /// A path parameter does not have its type, so there is no such page.
    #[error("the path has no valid `{name}`")]
    Param {
        /// The name of the field.
        name: &'static str,
    },
    /// A signal does not have its type.
    #[error("`{name}` {reason}")]
    Signal {
        /// The name of the signal, with the path to the part: `filter.owner`.
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
    /// The index of the first field that has no JSON form, and why.
    error: Option<(usize, String)>,
    /// Whether to skip state, which may be large.
    signals_alone: bool,
}

/// One field in its JSON form.
#[derive(Clone, Debug)]
pub(crate) enum Written {
    /// A state field's JSON.
    State(Box<RawValue>),
    /// A signal's JSON.
    Signal(Value),
    /// A parameter, or another field that is not written.
    Param,
}

impl FieldWriter {
    /// Creates a writer for the fields of a page.
    pub(crate) fn of(page: &PageDescriptor) -> Self {
        Self {
            written: Vec::with_capacity(page.fields.len()),
            error: None,
            signals_alone: false,
        }
    }

    /// Creates a writer that skips state.
    pub(crate) fn signals_of(page: &PageDescriptor) -> Self {
        Self {
            signals_alone: true,
            ..Self::of(page)
        }
    }

    /// Takes a state field.
    pub fn state<T: StateEncode>(&mut self, value: &T) {
        if self.signals_alone {
            return self.written.push(Written::Param);
        }
        match value.to_json() {
            Ok(json) => self.written.push(Written::State(json)),
            Err(error) => {
                let index = self.written.len();
                self.error.get_or_insert((index, error.to_string()));
                self.written.push(Written::Param);
            }
        }
    }

    /// Takes the encoded value of a signal.
    pub fn signal(&mut self, value: Value) {
        self.written.push(Written::Signal(value));
    }

    /// Takes a path parameter, which an action cannot change.
    pub fn param<T>(&mut self, _value: &T) {
        self.written.push(Written::Param);
    }

    /// Returns all fields in the order of the descriptor. A field that could not be encoded counts as a
    /// parameter.
    pub(crate) fn into_written(self) -> Vec<Written> {
        self.written
    }

    /// Returns all fields in the order of the descriptor.
    ///
    /// # Errors
    ///
    /// The index of the first field whose `Serialize` failed, and its message.
    pub(crate) fn finish(self) -> Result<Vec<Written>, (usize, String)> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.written),
        }
    }
}
