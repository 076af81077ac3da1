//! How long it took until acknowledged actions were shown.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::notes::{Moment, Notes, Shown};

/// Times until tabs showed acknowledged actions, in microseconds, sorted.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// The tab's stream was open when the action was acknowledged.
    pub live: Vec<u64>,
    /// It was not open: the time since it was opened again.
    pub reopened: Vec<u64>,
}

impl Pace {
    /// The times of one log.
    #[must_use]
    pub fn of(notes: &Notes) -> Self {
        let mut told: Vec<(u64, Moment)> = notes
            .acted
            .iter()
            .map(|acted| (acted.result.count, acted.told))
            .collect();
        told.sort_unstable();
        let mut tabs: HashMap<u64, Vec<&Shown>> = HashMap::new();
        for shown in &notes.shown {
            tabs.entry(shown.tab).or_default().push(shown);
        }
        let mut pace = Self::default();
        for frames in tabs.into_values() {
            let mut actions = told.iter().peekable();
            for frame in frames {
                while let Some((_, told)) =
                    actions.next_if(|(count, _)| *count <= frame.sight.count)
                {
                    let times = if frame.opened <= *told {
                        &mut pace.live
                    } else {
                        &mut pace.reopened
                    };
                    times.push(frame.at.saturating_sub(frame.opened.max(*told)));
                }
            }
        }
        pace.sort();
        pace
    }

    /// Adds the times of another log.
    pub fn merge(&mut self, other: Self) {
        self.live.extend(other.live);
        self.reopened.extend(other.reopened);
        self.sort();
    }

    fn sort(&mut self) {
        self.live.sort_unstable();
        self.reopened.sort_unstable();
    }

    /// What a report says about it, in milliseconds.
    #[must_use]
    pub fn summary(&self) -> Value {
        json!({
            "live_p50": millis(quantile(&self.live, 50)),
            "live_p99": millis(quantile(&self.live, 99)),
            "live_max": millis(quantile(&self.live, 100)),
            "reopened_p99": millis(quantile(&self.reopened, 99)),
            "reopened_max": millis(quantile(&self.reopened, 100)),
        })
    }
}

/// The value below which this percentage of the sorted values lies; 0 if there are none.
#[must_use]
pub fn quantile(sorted: &[u64], percent: usize) -> u64 {
    let at = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(at).copied().unwrap_or_default()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no run lasts for as long as it would take to matter"
)]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Entry;
    use crate::history::book::Sight;
    use crate::history::notes::Acted;

    fn acted(count: u64, told: Moment) -> Acted {
        Acted {
            entry: Entry {
                tab: 1,
                number: count,
            },
            session: 0,
            site: 0,
            sent: 0,
            told,
            revision: count,
            result: Sight { count, fold: 0 },
        }
    }

    fn shown(count: u64, at: Moment, opened: Moment) -> Shown {
        Shown {
            tab: 1,
            site: 0,
            at,
            opened,
            sight: Sight { count, fold: 0 },
        }
    }

    #[test]
    fn the_time_runs_from_the_answer_or_from_the_opening_to_the_frame() {
        let notes = Notes {
            acted: vec![acted(1, 100), acted(2, 200), acted(3, 300), acted(4, 400)],
            // The second one was skipped, the third was shown before its answer.
            shown: vec![shown(1, 110, 0), shown(3, 290, 0), shown(4, 1000, 900)],
            ..Notes::default()
        };
        let pace = Pace::of(&notes);
        assert_eq!(pace.live, [0, 10, 90]);
        assert_eq!(pace.reopened, [100]);
    }

    #[test]
    fn quantiles_are_values_that_were_seen() {
        let values: Vec<u64> = (1..=100).collect();
        assert_eq!(quantile(&values, 50), 50);
        assert_eq!(quantile(&values, 99), 99);
        assert_eq!(quantile(&values, 100), 100);
        assert_eq!(quantile(&[7], 1), 7);
        assert_eq!(quantile(&[], 99), 0);
    }
}
