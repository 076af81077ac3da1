//! What a value of a signal means, once nothing is wrong with it.

use proc_macro2::Ident;
use syn::Type;

use crate::emit::name_of;

/// A type whose values are signals.
pub(crate) struct Value {
    /// `Filter`
    pub(crate) ident: Ident,
    /// How it travels.
    pub(crate) shape: Shape,
}

/// How a type travels.
pub(crate) enum Shape {
    /// A struct: an object, or what its only field is.
    Struct(Content),
    /// An enum: a name, with or without content.
    Enum(Vec<Variant>),
}

/// A variant of an enum.
pub(crate) struct Variant {
    /// `Open`, perhaps raw.
    pub(crate) ident: Ident,
    /// What comes with it.
    pub(crate) content: Content,
}

impl Variant {
    /// `Open`, as it travels.
    pub(crate) fn name(&self) -> String {
        name_of(&self.ident)
    }

    /// Whether nothing comes with it.
    pub(crate) fn is_unit(&self) -> bool {
        matches!(self.content, Content::Unit)
    }
}

/// The fields of a struct or of a variant.
pub(crate) enum Content {
    /// `Open`
    Unit,
    /// `(String)`: travels as what is in it.
    One(Box<Type>),
    /// `(u8, u8)`: an array.
    List(Vec<Type>),
    /// `{ owner: String }`: an object.
    Object(Vec<(Ident, Type)>),
}
