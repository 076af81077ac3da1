//! Procedural macros of `via`; use them through the `via` crate.
