//! Running a case: on its own runtime, with an end.

use std::{
    fmt::{self, Debug},
    future::Future,
    pin::Pin,
    time::Duration,
};

use super::harness::Harness;
use crate::store::{Durability, Store};

/// How long one case may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_mins(5);

type Run<H> = for<'a> fn(&'a dyn Fn() -> H) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// One thing that a store owes, and how to see whether it does it.
///
/// Its [`name`](Self::name) is the sentence that holds for a store that passes. The macro
/// [`tests!`](super::tests) makes a `#[test]` of each; by hand a case serves to show that the suite
/// finds a fault.
pub struct Case<H> {
    name: &'static str,
    run: Run<H>,
}

impl<H: Harness> Case<H> {
    pub(super) const fn new(name: &'static str, run: Run<H>) -> Self {
        Self { name, run }
    }

    /// The sentence that holds for a store that passes, with underscores.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs the case against stores in places that `make` makes, on a runtime of its own.
    ///
    /// # Panics
    ///
    /// If the store is wrong or hangs. Called within a Tokio runtime, it panics as well.
    pub fn run(&self, make: &dyn Fn() -> H) {
        on_a_runtime(self.name, (self.run)(make));
    }
}

impl<H> Debug for Case<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

/// Runs a case against one place.
pub fn run<H: Harness>(name: &str, make: &dyn Fn() -> H, case: impl AsyncFnOnce(&H)) {
    on_a_runtime(name, async {
        let harness = make();
        case(&harness).await;
    });
}

/// Runs a case that needs many places.
pub fn run_afresh<H: Harness>(
    name: &str,
    make: &dyn Fn() -> H,
    case: impl AsyncFnOnce(&dyn Fn() -> H),
) {
    on_a_runtime(name, case(make));
}

/// Checks that the store declares what its harness says, and that `sections` test it.
pub fn run_declared<H: Harness>(make: &dyn Fn() -> H, sections: &[&str]) {
    on_a_runtime("the_declared_level_is_true_and_tested", async {
        let harness = make();
        let store = harness.open().await;
        let level = store.durability();
        assert_eq!(
            level,
            harness.durability(),
            "the store declares another level than its configuration has"
        );
        for section in ["restarts", "kills"] {
            if level == Durability::Volatile {
                assert!(
                    !sections.contains(&section),
                    "a volatile store cannot pass the section `{section}`; declare what it keeps"
                );
            } else {
                assert!(
                    sections.contains(&section),
                    "a store that declares {level:?} has to pass the section `{section}`; \
                     write `tests! {{ harness; restarts, kills }}`"
                );
            }
        }
    });
}

pub(super) fn on_a_runtime(name: &str, case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("the system has threads");
    let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, case).await.is_ok() });
    runtime.shutdown_timeout(Duration::from_secs(1));
    assert!(ended, "the case `{name}` does not end: something hangs");
}
