//! What the compiler says to a user of `via` who made a mistake; see `tests/ui/main.rs`.
