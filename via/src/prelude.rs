//! What almost every page needs: `use via::prelude::*;`.

pub use maud::{Markup, PreEscaped, html};

#[cfg(feature = "sqlite")]
pub use crate::store::SqliteStore;
pub use crate::{
    action::{ActionHandle, Effects, Task},
    event,
    page::{Cx, Page, View},
    session::Session,
    signal::{Expr, Signal},
    store::MemoryStore,
};
