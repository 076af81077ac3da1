//! What a page means, once nothing is wrong with it.

use proc_macro2::Ident;
use syn::{Attribute, Expr, ItemStruct, LitStr, Type};

use super::state_options::Key;
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
        if let Kind::State(state) = &self.kind {
            if let StateScope::Shared { pattern, .. } = &state.scope {
                return pattern.value();
            }
            match &state.key {
                Some(Key::Own(key)) => return key.clone(),
                Some(Key::OfPage(name)) => return format!("{page}.{name}"),
                None => {}
            }
        }
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
    State(State),
    /// `#[signal]`
    Signal(SignalScope, Default),
    /// `#[param]`
    Param,
}

/// What `#[state(..)]` says.
pub(crate) struct State {
    /// Who shares the value.
    pub(crate) scope: StateScope,
    /// What it is kept under, unless the names of page and field.
    pub(crate) key: Option<Key>,
    /// The version of its stored form.
    pub(crate) version: u32,
    /// The steps from older versions, the oldest first.
    pub(crate) migrations: Vec<Expr>,
    /// What it begins as.
    pub(crate) default: Default,
}

/// `None` is the type's own default.
pub(crate) type Default = Option<Expr>;

/// Who shares a state field.
pub(crate) enum StateScope {
    Session,
    Tab,
    App,
    Shared {
        /// `"room/{room}"`
        pattern: LitStr,
        /// In seconds.
        ttl: Option<u64>,
    },
}

/// Who shares a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignalScope {
    Session,
    Tab,
    Local,
}
