//! Puts the stores of any harness behind faults.

use super::{
    faulty::{Faults, Faulty},
    harness::{Elsewhere, Formats, Harness, LosesAnswers, Small},
};
use crate::store::Durability;

/// Wraps a harness and opens its stores behind [`Faults`].
///
/// A store that passes the suite must also pass it behind [`Faults::gentle`], and can then pass the
/// section `unknown` too. The cases whose names end in `on_a_bad_line` always use
/// [`Faults::harsh`]. In other processes the stores are behind [`Faults::gentle`] with the same
/// seed.
///
/// # Example
///
/// ```
/// # use via::store::{MemoryStore, conformance::{self, Behind, Faults, Harness}};
/// # struct Memory;
/// # impl Harness for Memory {
/// #     type Store = MemoryStore;
/// #     async fn open(&self) -> MemoryStore { MemoryStore::new() }
/// # }
/// mod behind_faults {
/// #   use super::*;
///     via::store::conformance::tests! { Behind::new(Memory, Faults::gentle(1)); unknown }
/// }
/// # let case = &conformance::unknown::<Behind<Memory>>()[0];
/// # assert_eq!(case.name(), "an_outcome_that_is_not_known_is_said_to_be_unknown");
/// # case.run(&|| Behind::new(Memory, Faults::gentle(1)));
/// ```
#[derive(Clone, Debug)]
pub struct Behind<H> {
    harness: H,
    faults: Faults,
}

impl<H> Behind<H> {
    /// Puts `faults` in front of every store that `harness` opens.
    pub const fn new(harness: H, faults: Faults) -> Self {
        Self { harness, faults }
    }

    fn wrap<S: crate::store::Store>(&self, store: S) -> Faulty<S> {
        Faulty::new(store, self.faults)
    }
}

impl<H: Harness> Harness for Behind<H> {
    type Store = Faulty<H::Store>;

    async fn open(&self) -> Self::Store {
        self.wrap(self.harness.open().await)
    }

    fn durability(&self) -> Durability {
        self.harness.durability()
    }
}

impl<H: Elsewhere> Elsewhere for Behind<H> {
    fn address(&self) -> String {
        format!("{} {}", self.faults.seed, self.harness.address())
    }

    fn at(address: &str) -> Self {
        let (seed, address) = address.split_once(' ').unwrap_or(("", address));
        let seed = seed.parse().unwrap_or_default();
        Self::new(H::at(address), Faults::gentle(seed))
    }
}

impl<H: Small> Small for Behind<H> {
    async fn open_small(&self) -> Self::Store {
        self.wrap(self.harness.open_small().await)
    }
}

impl<H: Formats> Formats for Behind<H> {
    async fn make_newer(&self) -> String {
        self.harness.make_newer().await
    }

    async fn content(&self) -> Vec<u8> {
        self.harness.content().await
    }

    async fn try_open(&self) -> Result<Self::Store, String> {
        Ok(self.wrap(self.harness.try_open().await?))
    }
}

impl<H: Harness> LosesAnswers for Behind<H> {
    async fn lose_answers(&self, store: &Self::Store, lost: bool) {
        store.lose_answers(lost);
    }
}
