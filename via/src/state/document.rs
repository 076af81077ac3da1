//! The document of a session.
#[derive(Debug)]
pub(crate) struct Document;
#[derive(Debug)]
pub(crate) struct Outcome;
#[derive(Debug)]
pub(crate) struct TabId;
#[derive(Debug)]
pub(crate) struct TabRecord;
