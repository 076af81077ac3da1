//! The model of a signal type without errors.

use proc_macro2::Ident;
use syn::Type;

use crate::emit::name_of;

/// A type that signals can hold.
pub(crate) struct Value {
    /// `Filter`
    pub(crate) ident: Ident,
    /// How its values are encoded.
    pub(crate) shape: Shape,
}

/// How the values of a type are encoded.
pub(crate) enum Shape {
    /// A struct: an object, or the value of its only field.
    Struct(Content),
    /// An enum: the name of the variant, with or without content.
    Enum(Vec<Variant>),
}

/// A variant of an enum.
pub(crate) struct Variant {
    /// `Open`, perhaps raw.
    pub(crate) ident: Ident,
    /// Its fields.
    pub(crate) content: Content,
}

impl Variant {
    /// `Open`, as it is encoded.
    pub(crate) fn name(&self) -> String {
        name_of(&self.ident)
    }

    /// Whether it has no fields.
    pub(crate) fn is_unit(&self) -> bool {
        matches!(self.content, Content::Unit)
    }
}

/// The fields of a struct or of a variant.
pub(crate) enum Content {
    /// `Open`
    Unit,
    /// `(String)`: encoded as the value in it.
    One(Box<Type>),
    /// `(u8, u8)`: an array.
    List(Vec<Type>),
    /// `{ owner: String }`: an object.
    Object(Vec<(Ident, Type)>),
}
