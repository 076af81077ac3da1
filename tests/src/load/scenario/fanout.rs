//! One commit that many tabs show.

use std::{io, time::Duration};

use crate::load::{
    crowd::Crowd,
    figures::{Line as Report, median, micros, percentile, rate},
    process::Server,
    tab::{SHARED, Tab},
    wire::Line,
};

/// The results of one side.
#[derive(Debug, Default)]
struct Side {
    rates: Vec<f64>,
    arrivals: Vec<Duration>,
    cpu: Vec<f64>,
    bytes: usize,
}

/// Measures a server, between two measurements of a bare loop of writes.
pub(crate) fn run(server: &Server, store: &str, count: usize, rounds: usize) -> io::Result<()> {
    let mut side = measure(server, count, rounds, None)?;
    let floor_server = Server::start("floor", None)?;
    let mut floor = measure(&floor_server, count, rounds, Some(side.bytes))?;
    drop(floor_server);
    let again = measure(server, count, rounds, None)?;
    side.rates.extend(again.rates);
    side.arrivals.extend(again.arrivals);
    side.cpu.extend(again.cpu);
    let (own, bare) = (median(&side.rates), median(&floor.rates));
    let cpu = (!side.cpu.is_empty()).then(|| median(&side.cpu));
    let bare_cpu = (!floor.cpu.is_empty()).then(|| median(&floor.cpu));
    Report::new("fanout")
        .text("store", store)
        .count("tabs", count)
        .count("rounds", side.rates.len())
        .count("bytes", side.bytes)
        .figure("per_second", own)
        .figure("p50_us", micros(percentile(&mut side.arrivals, 0.5)))
        .figure("p99_us", micros(percentile(&mut side.arrivals, 0.99)))
        .perhaps("cpu_us", cpu)
        .figure("floor_per_second", bare)
        .figure(
            "floor_p99_us",
            micros(percentile(&mut floor.arrivals, 0.99)),
        )
        .perhaps("floor_cpu_us", bare_cpu)
        .figure("ratio", own / bare)
        .perhaps("cpu_ratio", cpu.zip(bare_cpu).map(|(own, bare)| bare / own))
        .figures("each_per_second", &side.rates)
        .say();
    Ok(())
}

fn measure(server: &Server, count: usize, rounds: usize, bytes: Option<usize>) -> io::Result<Side> {
    if let Some(bytes) = bytes {
        super::floor_sends(server.address(), bytes)?;
    }
    let mut crowd = Crowd::open(server.address(), SHARED, count, false)?;
    // After the crowd, because a server closes a connection that gets no request for a while.
    let mut line = Line::open(server.address())?;
    let mut driver = Tab::of_stream(&mut line, SHARED, 100_000)?;
    // For the first frame there is nothing to compare with.
    crowd.spread(&mut driver)?;
    crowd.spread(&mut driver)?;
    let mut side = Side::default();
    let before = driver.traffic.patches;
    for _ in 0..rounds {
        let cpu = server.cpu();
        let spread = crowd.spread(&mut driver)?;
        let all = spread.arrivals.last().copied().unwrap_or_default();
        side.rates.push(rate(count, all));
        #[expect(clippy::cast_precision_loss, reason = "figures, not amounts")]
        if let (Some(before), Some(after)) = (cpu, server.cpu()) {
            side.cpu
                .push(micros(after.saturating_sub(before)) / count as f64);
        }
        side.arrivals.extend(spread.arrivals);
    }
    side.bytes = usize::try_from(driver.traffic.patches - before).unwrap_or(0) / rounds.max(1);
    Ok(side)
}
