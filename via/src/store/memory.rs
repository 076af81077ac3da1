//! stub
use super::*;
/// stub
#[derive(Debug)]
pub struct MemoryStore;
impl MemoryStore {
    /// x
    pub fn new() -> Self {
        Self
    }
}
impl Store for MemoryStore {
    fn durability(&self) -> Durability {
        todo!()
    }
    fn load<'a>(&'a self, _: &'a [Key], _: Timestamp) -> StoreFuture<'a, Vec<Loaded>> {
        todo!()
    }
    fn commit(&self, _: Commit) -> StoreFuture<'_, CommitOutcome> {
        todo!()
    }
    fn touch<'a>(&'a self, _: &'a Key, _: Timestamp, _: Timestamp) -> StoreFuture<'a, bool> {
        todo!()
    }
    fn delete<'a>(&'a self, _: &'a [Key], _: Timestamp, _: Timestamp) -> StoreFuture<'a, usize> {
        todo!()
    }
    fn sweep(&self, _: Timestamp, _: usize) -> StoreFuture<'_, usize> {
        todo!()
    }
    fn revisions<'a>(
        &'a self,
        _: &'a [Key],
        _: Timestamp,
    ) -> StoreFuture<'a, Vec<Option<Version>>> {
        todo!()
    }
    fn owned_by<'a>(&'a self, _: &'a str, _: Timestamp) -> StoreFuture<'a, Vec<Key>> {
        todo!()
    }
    fn subscribe(&self) -> Subscription {
        todo!()
    }
    fn close(&self) -> StoreFuture<'_, ()> {
        todo!()
    }
}
