//! What almost every page needs: `use via::prelude::*;`.

pub use maud::{Markup, PreEscaped, html};

#[cfg(feature = "sqlite")]
pub use crate::store::SqliteStore;
pub use crate::{
    action::{ActionHandle, Effects, Task},
    context::Cx,
    event,
    page::{Page, View},
    session::Session,
    signal::{Expr, Signal},
    store::MemoryStore,
};
