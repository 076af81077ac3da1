//! How expressions in the browser read a value.

/// How an expression reads the value of a signal, which may be text that a user typed.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Text or a boolean, unchanged.
    Scalar,
    /// An integer of the type that has this name in the browser.
    Integer(&'static str),
    /// A JavaScript number.
    Float,
    /// A list or an object, or a value that may be one. It is unchanged, and compared part by part.
    Structure,
}

impl Reading {
    /// The function that converts the content of a field into a number of this type.
    pub(crate) fn cast(self) -> Option<&'static str> {
        match self {
            Self::Integer(name) => Some(name),
            Self::Float => Some("f64"),
            Self::Scalar | Self::Structure => None,
        }
    }
}
