//! Medians and percentiles, and lines of JSON.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::pages::say;

/// The value below which `share` of all values lie. Sorts them.
pub(super) fn percentile(values: &mut [Duration], share: f64) -> Duration {
    values.sort_unstable();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let place = (values.len() as f64 * share) as usize;
    let last = values.len().saturating_sub(1);
    values.get(place.min(last)).copied().unwrap_or_default()
}

/// The median of some figures.
pub(super) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// How many a second.
#[expect(clippy::cast_precision_loss, reason = "figures, not amounts")]
pub(super) fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

pub(super) fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A figure with four digits, which is already more than its accuracy.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the logarithm of a number is small, and figures are below 2^53"
)]
pub(super) fn rounded(figure: f64) -> Value {
    if figure == 0.0 || !figure.is_finite() {
        return json!(0);
    }
    let digits = 3 - figure.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits);
    let rounded = (figure * scale).round() / scale;
    if digits <= 0 {
        json!(rounded as i64)
    } else {
        json!(rounded)
    }
}

/// One line of the report.
#[derive(Debug)]
pub(super) struct Line(Map<String, Value>);

impl Line {
    pub(super) fn new(scenario: &str) -> Self {
        Self(Map::new()).text("scenario", scenario)
    }

    pub(super) fn text(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), json!(value));
        self
    }

    pub(super) fn count(mut self, name: &str, value: usize) -> Self {
        self.0.insert(name.to_owned(), json!(value));
        self
    }

    pub(super) fn figure(mut self, name: &str, value: f64) -> Self {
        self.0.insert(name.to_owned(), rounded(value));
        self
    }

    /// A figure that may be unknown, for example if the server's process cannot be seen.
    pub(super) fn perhaps(self, name: &str, value: Option<f64>) -> Self {
        match value {
            Some(value) => self.figure(name, value),
            None => self,
        }
    }

    pub(super) fn figures(mut self, name: &str, values: &[f64]) -> Self {
        let values: Vec<_> = values.iter().copied().map(rounded).collect();
        self.0.insert(name.to_owned(), json!(values));
        self
    }

    /// Prints it.
    pub(super) fn say(self) {
        say(&Value::Object(self.0).to_string());
    }
}

/// The source of the figures.
pub(super) fn conditions() -> Line {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo")
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map(|value| value.trim_start_matches([' ', '\t', ':']).to_owned())
        .unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    Line::new("conditions")
        .text("processor", &processor)
        .count("cores", cores)
        .text("kernel", read("/proc/sys/kernel/osrelease").trim())
        .text(
            "load_average",
            read("/proc/loadavg").split(' ').next().unwrap_or_default(),
        )
        .text(
            "build",
            if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_four_digits() {
        assert_eq!(rounded(12345.6), json!(12350));
        assert_eq!(rounded(1.23456), json!(1.235));
        assert_eq!(rounded(0.001_234_56), json!(0.001_235));
        assert_eq!(rounded(0.0), json!(0));
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let mut values: Vec<_> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&mut values, 0.5), Duration::from_millis(51));
        assert_eq!(percentile(&mut values, 0.99), Duration::from_millis(100));
        assert_eq!(percentile(&mut [], 0.5), Duration::ZERO);
    }
}
