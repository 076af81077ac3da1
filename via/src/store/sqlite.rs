//! stub
/// stub
#[derive(Debug)]
pub struct SqliteStore;
/// stub
#[derive(Debug)]
pub enum Synchronous {
    /// stub
    Full,
}
