//! What the author of a store gives to the suite.

use std::future::Future;

use crate::store::{Durability, Store};

/// One place for documents, and how to open the store there.
///
/// The suite makes a new harness for each case, so a new one stands for a place that is empty.
/// What a case leaves behind ends with the harness, in its `Drop`.
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
/// // One `#[test]` per case.
/// conformance::tests! { Memory }
///
/// // Or one case by hand: it panics where the store is wrong.
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
    /// It is called once per harness, except by the cases of sections that say otherwise: those of
    /// `instances` call it while other stores of this place are open, and those of `restarts`
    /// after they were dropped.
    fn open(&self) -> impl Future<Output = Self::Store> + Send;

    /// What the configuration that [`open`](Self::open) uses survives; the store has to say the
    /// same.
    fn durability(&self) -> Durability {
        Durability::Volatile
    }
}

/// A place that other processes can open, for the sections `kills` and `processes`.
///
/// The suite runs the binary of the test again, as another process. There the harness comes from
/// [`at`](Self::at), and its end must not end the place.
pub trait Elsewhere: Harness {
    /// How to find this place: a path, a URL.
    fn address(&self) -> String;

    /// The place that [`address`](Self::address) has named in another process.
    fn at(address: &str) -> Self;
}

/// A store that can be made too small, for the section `full`.
pub trait Small: Harness {
    /// Opens the store with room for some documents of 4 KiB, at most 1,000.
    fn open_small(&self) -> impl Future<Output = Self::Store> + Send;
}

/// A place whose content has a format with a number or a name, for the section `formats`.
pub trait Formats: Harness {
    /// Makes the place look as if a newer version of the store had made it, while no store is
    /// open; answers the name of that format.
    fn make_newer(&self) -> impl Future<Output = String> + Send;

    /// All that the place holds, to see whether it was changed.
    fn content(&self) -> impl Future<Output = Vec<u8>> + Send;

    /// As [`open`](Harness::open); answers the error as it is shown to who runs the program.
    ///
    /// # Errors
    ///
    /// Why the store was not opened.
    fn try_open(&self) -> impl Future<Output = Result<Self::Store, String>> + Send;
}

/// A store whose answers can be lost on their way, for the section `unknown`.
///
/// [`Behind`](super::Behind) gives this to every store; a store that talks to a server should
/// implement it with a connection that it cuts.
pub trait LosesAnswers: Harness {
    /// From now on the answers to the commits of `store` are lost (or no more), whether the
    /// commits are done or not.
    fn lose_answers(&self, store: &Self::Store, lost: bool) -> impl Future<Output = ()> + Send;
}
