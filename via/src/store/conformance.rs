#![doc = include_str!("../../docs/stores.md")]
#![doc = "```"]
#![doc = include_str!("../../docs/own_store.rs")]
#![doc = "# fn main() {}"]
#![doc = "```"]
#![expect(
    clippy::missing_panics_doc,
    reason = "the suite reports every fault of a store by a panic, so each of its functions may"
)]

mod behind;
mod case;
#[doc(hidden)]
pub mod cases;
mod children;
mod faulty;
mod harness;
mod macros;
mod model;
mod steps;
pub(in crate::store) mod support;
#[cfg(test)]
mod tests;

pub use self::{
    behind::Behind,
    case::Case,
    faulty::{Faults, Faulty},
    harness::{Elsewhere, Formats, Harness, LosesAnswers, Small},
};
#[doc(inline)]
pub use crate::__store_conformance_tests as tests;

/// The cases that every store has to pass.
#[must_use]
pub fn all<H: Harness>() -> Vec<Case<H>> {
    let mut list = Vec::new();
    crate::__store_conformance_section! { all { list list } }
    list
}

/// The cases of the section `instances`.
#[must_use]
pub fn instances<H: Harness>() -> Vec<Case<H>> {
    let mut list = Vec::new();
    crate::__store_conformance_section! { instances { list list } }
    list
}

/// The cases of the section `restarts`.
#[must_use]
pub fn restarts<H: Harness>() -> Vec<Case<H>> {
    let mut list = Vec::new();
    crate::__store_conformance_section! { restarts { list list } }
    list
}

/// The cases of the section `full`.
#[must_use]
pub fn full<H: Small>() -> Vec<Case<H>> {
    let mut list = Vec::new();
    crate::__store_conformance_section! { full { list list } }
    list
}

/// The cases of the section `formats`.
#[must_use]
pub fn formats<H: Formats>() -> Vec<Case<H>> {
    let mut list = Vec::new();
    crate::__store_conformance_section! { formats { list list } }
    list
}

/// The cases of the section `unknown`.
#[must_use]
pub fn unknown<H: LosesAnswers>() -> Vec<Case<H>> {
    let mut list = Vec::new();
    crate::__store_conformance_section! { unknown { list list } }
    list
}

/// What [`tests!`] expands to.
#[doc(hidden)]
pub mod __private {
    pub use super::{
        case::{run, run_afresh, run_declared},
        cases,
        children::run_with_children,
    };
}
