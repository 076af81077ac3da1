//! Closed loop: each tab acts again as soon as its patch is there.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::load::{
    crowd::Crowd,
    figures::{Line as Report, median, micros, percentile, rate},
    process::{self, Server},
    tab::{COUNTER, Call, ClosedLoop, Tab},
    wire::Line,
};

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) call: Call,
    /// How many tabs act at once.
    pub(crate) tabs: usize,
    pub(crate) rounds: usize,
    pub(crate) time: Duration,
}

/// The results of one side.
#[derive(Debug, Default)]
struct Side {
    rates: Vec<f64>,
    all: Vec<Duration>,
    cpu: Vec<f64>,
    client: Vec<f64>,
}

impl Side {
    fn round(&mut self, tabs: &mut ClosedLoop, server: &Server, time: Duration) -> io::Result<()> {
        let own = process::own_cpu();
        let cpu = server.cpu();
        let began = Instant::now();
        let mut took = tabs.run(time)?;
        let wall = began.elapsed();
        self.rates.push(rate(took.len(), wall));
        #[expect(clippy::cast_precision_loss, reason = "figures, not amounts")]
        if let (Some(before), Some(after)) = (cpu, server.cpu()) {
            self.cpu
                .push(micros(after.saturating_sub(before)) / took.len() as f64);
        }
        if let (Some(before), Some(after)) = (own, process::own_cpu()) {
            self.client
                .push(after.saturating_sub(before).as_secs_f64() / wall.as_secs_f64());
        }
        self.all.append(&mut took);
        Ok(())
    }

    fn cpu(&self) -> Option<f64> {
        (!self.cpu.is_empty()).then(|| median(&self.cpu))
    }

    /// The median, over the rounds, of its rate divided by the other side's.
    fn share_of(&self, other: &Self) -> f64 {
        let rounds = self.rates.iter().zip(&other.rates);
        let shares: Vec<_> = rounds.map(|(own, other)| own / other).collect();
        median(&shares)
    }
}

/// Tabs in a loop, at a server that does not know them yet.
pub(crate) fn tabs(server: SocketAddr, call: Call, count: usize) -> io::Result<ClosedLoop> {
    opened(server, call, count, Tab::open)
}

fn opened(
    server: SocketAddr,
    call: Call,
    count: usize,
    open: impl Fn(&mut Line, Call, usize) -> io::Result<Tab>,
) -> io::Result<ClosedLoop> {
    let mut line = Line::open(server)?;
    let tabs = (0..count)
        .map(|at| open(&mut line, call, at))
        .collect::<io::Result<_>>()?;
    ClosedLoop::new(tabs)
}

/// Measures a server and the floor in turns and, if the store has a medium, what that can do at
/// best.
pub(crate) fn run(
    server: &Server,
    setting: Setting,
    store: &str,
    crowd: Option<&Crowd>,
    bare: &mut dyn FnMut() -> io::Result<Option<f64>>,
) -> io::Result<()> {
    let Setting {
        name,
        call,
        tabs: count,
        rounds,
        time,
    } = setting;
    // Redis is on the generator's core.
    let spinning = |tabs: ClosedLoop| {
        if store.starts_with("redis") {
            tabs
        } else {
            tabs.spinning()
        }
    };
    let mut acting = spinning(tabs(server.address(), call, count)?);
    acting.run(time / 2)?;
    let patch = bytes_per_update(&acting);

    let floor_server = Server::start("floor", None)?;
    super::floor_sends(floor_server.address(), patch)?;
    let mut at_floor = spinning(tabs(floor_server.address(), call, count)?);
    at_floor.run(time / 4)?;
    // The same, but each patch is a separate write.
    let mut pushed = opened(floor_server.address(), call, count, Tab::of_stream).map(spinning)?;
    pushed.run(time / 4)?;

    let (mut side, mut floor, mut push) = (Side::default(), Side::default(), Side::default());
    let mut medium = Vec::new();
    for _ in 0..rounds {
        medium.extend(bare()?);
        floor.round(&mut at_floor, &floor_server, time / 2)?;
        push.round(&mut pushed, &floor_server, time / 2)?;
        side.round(&mut acting, server, time)?;
    }
    if call.path == COUNTER.path {
        super::assert_counted(&acting, server.address())?;
    }
    let per_second = median(&side.rates);
    let cpu_ratio = side.cpu().zip(floor.cpu()).map(|(own, floor)| floor / own);
    let medium = (!medium.is_empty()).then(|| median(&medium));
    Report::new(name)
        .text("store", store)
        .count("tabs", count)
        .count("idle", crowd.map_or(0, Crowd::len))
        .count("rounds", rounds)
        .count("actions", side.all.len())
        .figure("per_second", per_second)
        .figure("p50_us", micros(percentile(&mut side.all, 0.5)))
        .figure("p99_us", micros(percentile(&mut side.all, 0.99)))
        .perhaps("cpu_us", side.cpu())
        .figure("client_busy", median(&side.client))
        .figure("floor_per_second", median(&floor.rates))
        .figure("floor_p50_us", micros(percentile(&mut floor.all, 0.5)))
        .figure("floor_p99_us", micros(percentile(&mut floor.all, 0.99)))
        .perhaps("floor_cpu_us", floor.cpu())
        .figure("floor_client_busy", median(&floor.client))
        .figure("push_floor_per_second", median(&push.rates))
        .perhaps("push_floor_cpu_us", push.cpu())
        .figure("ratio", side.share_of(&floor))
        .figure("push_ratio", side.share_of(&push))
        .perhaps("cpu_ratio", cpu_ratio)
        .perhaps("medium_per_second", medium)
        .perhaps("medium_ratio", medium.map(|medium| per_second / medium))
        .figures("each_per_second", &side.rates)
        .say();
    Ok(())
}

/// The bytes of each patch so far.
pub(crate) fn bytes_per_update(tabs: &ClosedLoop) -> usize {
    let acted: u64 = tabs.tabs.iter().map(Tab::acted).sum();
    usize::try_from(tabs.traffic().patches / acted.max(1)).unwrap_or(usize::MAX)
}
