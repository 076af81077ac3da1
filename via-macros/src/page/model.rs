//! The model of a page without errors.

use proc_macro2::Ident;
use syn::{Attribute, Expr, ItemStruct, LitStr, Type};

use super::segments::Segment;
use crate::emit::{compact, name_of};

/// A page.
pub(crate) struct Page {
    /// The struct without our attributes on its fields.
    pub(crate) item: ItemStruct,
    /// `"/todo/{id}"`
    pub(crate) route: LitStr,
    /// The segments of the route.
    pub(crate) segments: Vec<Segment>,
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
    /// The `#[cfg]`s that decide whether it exists.
    pub(crate) cfgs: Vec<Attribute>,
    /// What its attribute makes of it.
    pub(crate) kind: Kind,
}

impl Field {
    /// `count`
    pub(crate) fn name(&self) -> String {
        name_of(&self.ident)
    }

    /// The key that the value is stored under: `Counter.count`, unless the attribute gives another.
    pub(crate) fn key(&self, page: &str) -> String {
        match &self.kind {
            Kind::State(State {
                scope: StateScope::Shared { pattern, .. },
                ..
            }) => pattern.value(),
            Kind::State(State {
                key: Some(Key::Whole(key)),
                ..
            }) => key.value(),
            Kind::State(State {
                key: Some(Key::OldName(name)),
                ..
            }) => format!("{page}.{}", name.value()),
            _ => format!("{page}.{}", self.name()),
        }
    }

    /// The literal in the attribute that decides the key.
    pub(crate) fn written_key(&self) -> Option<&LitStr> {
        let Kind::State(state) = &self.kind else {
            return None;
        };
        match (&state.scope, &state.key) {
            (StateScope::Shared { pattern, .. }, _) => Some(pattern),
            (_, Some(Key::Whole(literal) | Key::OldName(literal))) => Some(literal),
            (_, None) => None,
        }
    }

    /// The segments of the key of a shared value.
    pub(crate) fn segments(&self) -> &[Segment] {
        match &self.kind {
            Kind::State(State {
                scope: StateScope::Shared { segments, .. },
                ..
            }) => segments,
            _ => &[],
        }
    }

    /// `Option<i64>`
    pub(crate) fn type_name(&self) -> String {
        compact(&self.ty)
    }
}

/// What an attribute makes of a field.
pub(crate) enum Kind {
    /// `#[state]`
    State(State),
    /// `#[signal]`, with its default unless that is the default of the type.
    Signal(SignalScope, Option<Expr>),
    /// `#[param]`
    Param,
}

/// The options of `#[state(..)]`.
pub(crate) struct State {
    /// Who shares the value.
    pub(crate) scope: StateScope,
    /// The key, if the attribute gives one.
    pub(crate) key: Option<Key>,
    /// The version of its stored form.
    pub(crate) version: u32,
    /// The migrations from older versions, the oldest first.
    pub(crate) migrations: Vec<Expr>,
    /// Its first value, unless that is the default of the type.
    pub(crate) default: Option<Expr>,
}

/// The key that an attribute gives to a field.
pub(crate) enum Key {
    /// `key = "cart"` or `rename = "OldPage.old"`
    Whole(LitStr),
    /// `rename = "old"`: the name that the field of this page had before.
    OldName(LitStr),
}

/// Who shares a state field.
pub(crate) enum StateScope {
    Session,
    Tab,
    App,
    Shared {
        /// `"room/{room}"`
        pattern: LitStr,
        /// The segments of the pattern.
        segments: Vec<Segment>,
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
