//! What the compiler says to a user of `via` who makes a mistake; see `tests/ui/main.rs`.
