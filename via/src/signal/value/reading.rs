//! What expressions in the browser take a value for.

/// How an expression reads a signal's value, which may be what a user has typed.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A text or a boolean: as it is.
    Scalar,
    /// An integer of the type with this name in the browser.
    Integer(&'static str),
    /// A JavaScript number.
    Float,
    /// A list or an object, or a value that may be one: as it is, and compared part by part.
    Structure,
}

impl Reading {
    /// The function that takes whatever a field holds for a number of this type.
    pub(crate) fn cast(self) -> Option<&'static str> {
        match self {
            Self::Integer(name) => Some(name),
            Self::Float => Some("f64"),
            Self::Scalar | Self::Structure => None,
        }
    }
}
