//! Figures that a test has measured, printed even if the test passes.

use std::io::{Write as _, stderr};

/// Prints a figure past the capture of the test's output, so that it shows even if the test passes.
pub fn figure(what: &str) {
    // If nobody reads standard output, nobody needs the figures.
    let _ = writeln!(stderr(), "figure: {what}");
}

/// The median of the measurements.
#[must_use]
pub fn median(mut measured: Vec<f64>) -> f64 {
    measured.sort_by(f64::total_cmp);
    measured
        .get(measured.len() / 2)
        .copied()
        .expect("something was measured")
}
