//! Many tabs come back at once, while a few act.

use std::{io, time::Duration};

use crate::load::{
    crowd::Crowd,
    figures::{Line as Report, median, micros, percentile},
    process::Server,
    tab::COUNTER,
};

/// How many tabs act in the meantime.
const OTHERS: usize = 4;

/// The results of one side, in milliseconds.
#[derive(Debug)]
struct Side {
    all: f64,
    p99: f64,
    quiet: f64,
    others: f64,
}

/// Cuts the streams of `count` tabs and opens them again, at a server and at the floor.
pub(crate) fn run(server: &Server, store: &str, count: usize, rounds: usize) -> io::Result<()> {
    let floor_server = Server::start("floor", None)?;
    super::floor_sends(floor_server.address(), 120)?;
    let floor = measure(&floor_server, count, rounds)?;
    drop(floor_server);
    let side = measure(server, count, rounds)?;
    Report::new("herd")
        .text("store", store)
        .count("tabs", count)
        .count("rounds", rounds)
        .figure("all_ms", side.all)
        .figure("p99_ms", side.p99)
        .figure("others_p99_ms", side.others)
        .figure("others_p99_ms_before", side.quiet)
        .figure("floor_all_ms", floor.all)
        .figure("floor_others_p99_ms", floor.others)
        .figure("ratio", floor.all / side.all)
        .say();
    Ok(())
}

fn measure(server: &Server, count: usize, rounds: usize) -> io::Result<Side> {
    let mut crowd = Crowd::open(server.address(), COUNTER, count, false)?;
    // After the crowd, because a server closes a connection that gets no request for a while.
    let mut others = super::actions::tabs(server.address(), COUNTER, OTHERS)?;
    let millis = |time: Duration| micros(time) / 1000.0;
    let mut quiet = others.run(Duration::from_millis(500))?;
    let (mut all, mut p99, mut busy) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut back = crowd.come_back(&mut others)?;
        all.push(millis(percentile(&mut back.arrivals, 1.0)));
        p99.push(millis(percentile(&mut back.arrivals, 0.99)));
        busy.push(millis(percentile(&mut back.actions, 0.99)));
    }
    Ok(Side {
        all: median(&all),
        p99: median(&p99),
        quiet: millis(percentile(&mut quiet, 0.99)),
        others: median(&busy),
    })
}
