//! Load for a long time, with visitors who come and go: whether memory grows.

use std::{
    io,
    time::{Duration, Instant},
};

use crate::load::{
    figures::{Line as Report, median},
    process::Server,
    session::Session,
    tab::COUNTER,
    wire::Line,
};

/// How many tabs act.
const TABS: usize = 32;
/// How many visitors come and go in each turn.
const VISITORS: usize = 20;
/// How long the tabs act in each turn.
const TURN: Duration = Duration::from_millis(200);
/// When memory has grown to what the load needs, it may grow by this much more per minute, in KiB,
/// and by this much in all, however short the time is.
const LIMIT: f64 = 512.0;

/// Loads the server for `time`.
///
/// # Errors
///
/// If its memory grows, or any answer is wrong.
pub(crate) fn run(server: &Server, store: &str, time: Duration) -> io::Result<()> {
    let resident = || {
        server
            .resident()
            .ok_or_else(|| io::Error::other("the server's memory cannot be seen"))
    };
    let mut acting = super::actions::tabs(server.address(), COUNTER, TABS)?;
    let mut line = Line::open(server.address())?;
    let mut samples = Vec::new();
    let (mut actions, mut visitors) = (0, 0);
    let began = Instant::now();
    while began.elapsed() < time {
        actions += acting.run(TURN)?.len();
        for _ in 0..VISITORS {
            visitors += 1;
            Session::visit(&mut line, COUNTER.path, visitors)?.open_stream()?;
        }
        samples.push((began.elapsed().as_secs_f64(), resident()?));
    }
    super::assert_counted(&acting, server.address())?;
    // By then it has allocated what it needs for the load.
    let warm = samples.len() / 3;
    let per_minute = slope(&samples[warm..]) * 60.0 / 1024.0;
    #[expect(clippy::cast_precision_loss, reason = "figures, not amounts")]
    let at = |place: usize| samples.get(place).map_or(0.0, |(_, bytes)| *bytes as f64);
    let mib = 1024.0 * 1024.0;
    Report::new("soak")
        .text("store", store)
        .count("tabs", TABS)
        .count("actions", actions)
        .count("visitors", visitors)
        .figure("seconds", time.as_secs_f64())
        .figure("warm_mib", at(warm) / mib)
        .figure("end_mib", at(samples.len().saturating_sub(1)) / mib)
        .figure("kib_per_minute", per_minute)
        .figure("limit_kib_per_minute", LIMIT)
        .say();
    if per_minute > LIMIT {
        return Err(io::Error::other(format!(
            "memory grows by {per_minute:.0} KiB a minute, and may by {LIMIT:.0}"
        )));
    }
    Ok(())
}

/// How many bytes a second the samples rise: the median of the rises between the first and the
/// second half (the Theil-Sen method), because a single outlier does not change it.
fn slope(samples: &[(f64, u64)]) -> f64 {
    let (first, second) = samples.split_at(samples.len() / 2);
    #[expect(clippy::cast_precision_loss, reason = "figures, not amounts")]
    let rises: Vec<f64> = first
        .iter()
        .flat_map(|(from, before)| {
            second
                .iter()
                .map(move |(to, after)| (*after as f64 - *before as f64) / (to - from))
        })
        .collect();
    median(&rises)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_is_found_under_noise() {
        let samples: Vec<_> = (0..60_u32)
            .map(|second| {
                (
                    f64::from(second),
                    u64::from(1_000_000 + second * 100 + second % 7),
                )
            })
            .collect();
        assert!((slope(&samples) - 100.0).abs() < 2.0);
        let flat: Vec<_> = (0..60_u32).map(|second| (f64::from(second), 5)).collect();
        assert!(slope(&flat).abs() < f64::EPSILON);
    }
}
