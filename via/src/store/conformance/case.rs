//! Runs a case on its own runtime, with a time limit.

use std::{
    fmt::{self, Debug},
    future::Future,
    pin::Pin,
    time::Duration,
};

use super::harness::Harness;
use crate::store::{Durability, Store};

/// How long a case may take before the suite reports that it hangs.
const PATIENCE: Duration = Duration::from_mins(5);

type Run<H> = for<'a> fn(&'a dyn Fn() -> H) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// One guarantee of a store, and its test.
///
/// Its [`name`](Self::name) is a sentence that is true for a store that passes. The macro
/// [`tests!`](super::tests) turns each case into a `#[test]`. Run a case by hand to show that the
/// suite finds a bug.
pub struct Case<H> {
    name: &'static str,
    run: Run<H>,
}

impl<H: Harness> Case<H> {
    pub(super) const fn new(name: &'static str, run: Run<H>) -> Self {
        Self { name, run }
    }

    /// The sentence that is true for a store that passes, with underscores for spaces.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs the case on its own runtime, with harnesses from `make`.
    ///
    /// # Panics
    ///
    /// If the store is wrong or hangs, or if you call this within a Tokio runtime.
    pub fn run(&self, make: &dyn Fn() -> H) {
        on_a_runtime(self.name, (self.run)(make));
    }
}

impl<H> Debug for Case<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

/// Runs a case that needs one place.
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

/// Checks that the store declares the durability of its harness, and that `sections` test it.
pub fn run_declared<H: Harness>(make: &dyn Fn() -> H, sections: &[&str]) {
    on_a_runtime("the_declared_level_is_true_and_tested", async {
        let harness = make();
        let store = harness.open().await;
        let level = store.durability();
        assert_eq!(
            level,
            harness.durability(),
            "the store declares another durability than `Harness::durability`"
        );
        for section in ["restarts", "kills"] {
            if level == Durability::Volatile {
                assert!(
                    !sections.contains(&section),
                    "a store that declares `Volatile` cannot have the section `{section}`; remove \
                     the section, or declare what the store survives"
                );
            } else {
                assert!(
                    sections.contains(&section),
                    "a store that declares {level:?} must have the section `{section}`; \
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
    assert!(ended, "the case `{name}` did not end within {PATIENCE:?}");
}
