//! Actions that wait: `async fn name(task: Task<Self>, ..)`.

use std::{fmt, marker::PhantomData, sync::Arc};

use crate::page::Page;

/// Given to an `async fn` action: changes the page's state in as many transactions as it likes,
/// and holds none of it while it waits.
pub struct Task<P> {
    inner: Arc<()>,
    page: PhantomData<fn() -> P>,
}

impl<P: Page> fmt::Debug for Task<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = &self.inner;
        f.debug_struct("Task").finish_non_exhaustive()
    }
}
