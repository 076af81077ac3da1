//! Figures that a test has measured, said where everybody sees them.

use std::io::{Write as _, stderr};

/// Says a figure, past the capture of the test's output: figures of tests that pass are wanted, too.
pub fn figure(what: &str) {
    // Who does not listen has not asked for figures.
    let _ = writeln!(stderr(), "figure: {what}");
}

/// The middle of what was measured.
#[must_use]
pub fn median(mut measured: Vec<f64>) -> f64 {
    measured.sort_by(f64::total_cmp);
    measured
        .get(measured.len() / 2)
        .copied()
        .expect("something was measured")
}
