//! What the author of a store implements for the suite.

use std::future::Future;

use crate::store::{Durability, Store};

/// One place for documents, such as a new database, and how to open the store there.
///
/// The suite makes a new harness for each case, so a new harness must stand for an empty place.
/// Clean up in its `Drop`.
///
/// # Example: a store of one process
///
/// ```
/// use via::store::{MemoryStore, conformance};
///
/// struct Memory;
///
/// impl conformance::Harness for Memory {
///     type Store = MemoryStore;
///
///     async fn open(&self) -> MemoryStore {
///         MemoryStore::new()
///     }
/// }
///
/// // One `#[test]` for each case.
/// conformance::tests! { Memory }
///
/// // Or run one case by hand: it panics if the store is wrong.
/// let case = conformance::all::<Memory>()
///     .into_iter()
///     .find(|case| case.name() == "the_revision_rises_by_one")
///     .unwrap();
/// case.run(&|| Memory);
/// ```
pub trait Harness: Send + Sync + 'static {
    /// The store.
    type Store: Store;

    /// Opens the store in this place.
    ///
    /// Most cases call this once. Cases of the section `instances` call it while other stores of
    /// this place are open. Cases of the section `restarts` call it after those were dropped.
    fn open(&self) -> impl Future<Output = Self::Store> + Send;

    /// The durability of the configuration that [`open`](Self::open) uses. The store must declare
    /// the same.
    fn durability(&self) -> Durability {
        Durability::Volatile
    }
}

/// A place that other processes can open, for the sections `kills` and `processes`.
///
/// The suite runs the test binary again as another process. There it gets the harness from
/// [`at`](Self::at), and dropping that harness must not remove the place.
pub trait Elsewhere: Harness {
    /// How to find this place, for example a path or a URL.
    fn address(&self) -> String;

    /// The place whose [`address`](Self::address) another process has given.
    fn at(address: &str) -> Self;
}

/// A store that can be opened with little room, for the section `full`.
pub trait Small: Harness {
    /// Opens the store with room for a few documents of 4 KiB, at most 1,000.
    fn open_small(&self) -> impl Future<Output = Self::Store> + Send;
}

/// A place whose format has a number or a name, for the section `formats`.
pub trait Formats: Harness {
    /// Makes the place look as if a newer version of the store had written it; answers the name of
    /// that format. No store is open during this call.
    fn make_newer(&self) -> impl Future<Output = String> + Send;

    /// The whole content of the place, to check whether it changes.
    fn content(&self) -> impl Future<Output = Vec<u8>> + Send;

    /// Like [`open`](Harness::open), but answers the error message that the operator would see.
    ///
    /// # Errors
    ///
    /// The message that says why the store was not opened.
    fn try_open(&self) -> impl Future<Output = Result<Self::Store, String>> + Send;
}

/// A store whose answers can get lost, for the section `unknown`.
///
/// [`Behind`](super::Behind) implements this for every store. If your store talks to a server,
/// implement it with a connection that you cut.
pub trait LosesAnswers: Harness {
    /// If `lost`, the answers to all later commits of `store` get lost, whether or not the commits
    /// happen. Otherwise answers arrive again.
    fn lose_answers(&self, store: &Self::Store, lost: bool) -> impl Future<Output = ()> + Send;
}
