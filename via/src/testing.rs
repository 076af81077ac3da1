//! Helpers for the tests of an application; behind the cargo feature `testing`.

mod schema;

pub use schema::check_schema;
