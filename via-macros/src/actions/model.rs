//! The model of a block of actions without errors.

use proc_macro2::{Ident, Span};
use syn::{Attribute, ItemImpl, Type};

use crate::emit::name_of;

/// The actions of a page.
pub(crate) struct Block {
    /// The `impl` block as it was written.
    pub(crate) item: ItemImpl,
    /// The page's name: `Counter`.
    pub(crate) page: String,
    /// The actions, in the order of the block.
    pub(crate) actions: Vec<Action>,
}

/// A function that a browser can call.
pub(crate) struct Action {
    /// `increment`, perhaps raw.
    pub(crate) ident: Ident,
    /// The `#[cfg]`s that decide whether it exists.
    pub(crate) cfgs: Vec<Attribute>,
    /// How it runs.
    pub(crate) kind: Kind,
    /// The arguments that the browser sends.
    pub(crate) arguments: Vec<Argument>,
    /// The type that it returns, if any.
    pub(crate) output: Option<Type>,
}

impl Action {
    /// `Counter::increment`, the same in every build.
    pub(crate) fn stable_name(&self, page: &str) -> String {
        format!("{page}::{}", name_of(&self.ident))
    }
}

/// How an action runs.
pub(crate) enum Kind {
    /// `fn name(&mut self, ..)`, with the span of its effects if it takes them.
    Transaction { effects: Option<Span> },
    /// `async fn name(task: Task<Self>, ..)`, with the span of the task.
    Task { task: Span },
}

/// An argument that a browser sends.
pub(crate) struct Argument {
    /// `amount`
    pub(crate) ident: Ident,
    /// `i64`
    pub(crate) ty: Type,
}
