//! The memory that open tabs take if they do nothing.

use std::{io, thread, time::Duration};

use crate::load::{
    crowd::Crowd, figures::Line as Report, process::Server, tab::COUNTER, wire::PATIENCE,
};

/// Measures how much resident memory each of `count` tabs adds, and leaves them open.
pub(crate) fn run(
    server: &Server,
    store: &str,
    count: usize,
    committed: bool,
) -> io::Result<Crowd> {
    // The first ones also allocate what exists only once.
    let few = Crowd::open(server.address(), COUNTER, 50, committed)?;
    let before = settled(server);
    let crowd = Crowd::open(server.address(), COUNTER, count, committed)?;
    let after = settled(server);
    drop(few);
    #[expect(clippy::cast_precision_loss, reason = "figures, not amounts")]
    let per_tab = before
        .zip(after)
        .map(|(before, after)| (after as f64 - before as f64) / count as f64 / 1024.0);
    #[expect(clippy::cast_precision_loss, reason = "figures, not amounts")]
    let whole = after.map(|after| after as f64 / count as f64 / 1024.0);
    Report::new("idle")
        .text("store", store)
        .count("tabs", count)
        .text("sessions", if committed { "committed" } else { "fresh" })
        .perhaps("kib_per_tab", per_tab)
        .perhaps("kib_per_tab_with_program", whole)
        .say();
    Ok(crowd)
}

/// The resident memory as soon as it is stable.
fn settled(server: &Server) -> Option<u64> {
    const LOOK: Duration = Duration::from_millis(200);
    let mut last = server.resident()?;
    for _ in 0..PATIENCE.as_millis() / LOOK.as_millis() {
        thread::sleep(LOOK);
        let now = server.resident()?;
        if now.abs_diff(last) < 64 * 1024 {
            return Some(now);
        }
        last = now;
    }
    Some(last)
}
