//! Tabs that read nothing of what the server sends, while others act.

use std::{io, io::Write as _, net::TcpStream, time::Duration};

use crate::load::{
    figures::{Line as Report, micros, percentile},
    process::Server,
    session::Session,
    tab::{COUNTER, ClosedLoop, Tab, WALL},
    wire::{Line, connect_narrowly},
};

/// How many tabs act.
const OTHERS: usize = 4;

/// How often the wall is painted before the others act, so that the system's buffers are full.
const FILLING: usize = 10;

/// How often the wall is painted while they act.
const STEPS: usize = 40;

/// How long the others act each time the wall is painted.
const STEP: Duration = Duration::from_millis(50);

/// Measures how long actions take while the wall is painted again and again, before and after
/// `count` tabs have it open and read nothing.
pub(crate) fn run(server: &Server, store: &str, count: usize) -> io::Result<()> {
    let mut others = super::actions::tabs(server.address(), COUNTER, OTHERS)?;
    let mut line = Line::open(server.address())?;
    let mut painter = Tab::open(&mut line, WALL, 100_000)?;
    let mut alone = painted(&mut painter, &mut others)?;
    let before = server.resident();
    let stalled: Vec<TcpStream> = (0..count)
        .map(|at| stall(&mut line, at))
        .collect::<io::Result<_>>()?;
    let mut beside = painted(&mut painter, &mut others)?;
    let mib = before.zip(server.resident()).map(|(before, after)| {
        #[expect(clippy::cast_precision_loss, reason = "figures, not amounts")]
        let grown = after as f64 - before as f64;
        grown / 1024.0 / 1024.0
    });
    drop(stalled);
    let [before, after] =
        [&mut alone, &mut beside].map(|times| micros(percentile(times, 0.99)) / 1000.0);
    Report::new("stalled")
        .text("store", store)
        .count("tabs", count)
        .figure("others_p99_ms", after)
        .figure("others_p99_ms_before", before)
        .figure("ratio", before / after)
        .perhaps("mib", mib)
        .say();
    Ok(())
}

/// Paints, and lets the others act at the same time. Returns how long their actions took.
fn painted(painter: &mut Tab, others: &mut ClosedLoop) -> io::Result<Vec<Duration>> {
    for _ in 0..FILLING {
        painter.act()?;
        painter.finish()?;
    }
    let mut took = Vec::new();
    for _ in 0..STEPS {
        painter.act()?;
        took.extend(others.run(STEP)?);
        painter.finish()?;
    }
    Ok(took)
}

/// Opens a stream of the wall with a tiny receive buffer, and reads nothing.
fn stall(line: &mut Line, at: usize) -> io::Result<TcpStream> {
    let session = Session::visit(line, WALL.path, at)?;
    let mut socket = connect_narrowly(session.source, session.server())?;
    socket.write_all(&session.stream_request())?;
    // The answer has begun, so the stream is open.
    socket.peek(&mut [0])?;
    Ok(socket)
}
