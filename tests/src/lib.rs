//! Harness of the whole-program and browser tests of `via`.
