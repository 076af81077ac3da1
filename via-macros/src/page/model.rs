//! What a page means, once nothing is wrong with it.

use proc_macro2::Ident;
use syn::{Attribute, Expr, ItemStruct, LitStr, Type};

use crate::emit::{compact, name_of};

/// A page.
pub(crate) struct Page {
    /// The struct without the attributes that are ours.
    pub(crate) item: ItemStruct,
    /// `"/todo/{id}"`
    pub(crate) route: LitStr,
    /// The fields, in the order of the struct.
    pub(crate) fields: Vec<Field>,
}

impl Page {
    /// `Counter`
    pub(crate) fn name(&self) -> String {
        name_of(&self.item.ident)
    }

    /// The fields that the browser holds.
    pub(crate) fn signals(&self) -> impl Iterator<Item = &Field> {
        self.fields
            .iter()
            .filter(|field| matches!(field.kind, Kind::Signal(..)))
    }
}

/// A field of a page.
pub(crate) struct Field {
    /// `count`, perhaps raw.
    pub(crate) ident: Ident,
    /// `i64`
    pub(crate) ty: Type,
    /// When it exists.
    pub(crate) cfgs: Vec<Attribute>,
    /// What it is.
    pub(crate) kind: Kind,
}

impl Field {
    /// `count`
    pub(crate) fn name(&self) -> String {
        name_of(&self.ident)
    }

    /// `Counter.count`, under which it is kept.
    pub(crate) fn key(&self, page: &str) -> String {
        format!("{page}.{}", self.name())
    }

    /// `Option<i64>`
    pub(crate) fn type_name(&self) -> String {
        compact(&self.ty)
    }
}

/// What a field is.
pub(crate) enum Kind {
    /// `#[state]`
    State(StateScope, Default),
    /// `#[signal]`
    Signal(SignalScope, Default),
    /// `#[param]`
    Param,
}

/// `None` is the type's own default.
pub(crate) type Default = Option<Expr>;

/// Who shares a state field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StateScope {
    Session,
    Tab,
}

/// Who shares a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignalScope {
    Session,
    Tab,
    Local,
}
