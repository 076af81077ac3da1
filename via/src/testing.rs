//! Helpers for the tests of an application; behind the cargo feature `testing`.

mod schema;
mod shape;
mod trace;

pub use schema::check_schema;
pub(crate) use shape::Shape;
pub(crate) use trace::trace;
