//! What one update costs on the wire, framing included.

use std::{io, time::Duration};

use crate::load::{figures::Line as Report, process::Server, tab::Call};

/// Counts what travels for each action of one tab.
pub(crate) fn run(server: &Server, call: Call) -> io::Result<()> {
    let mut tab = super::actions::tabs(server.address(), call, 1)?;
    // The first frame finds nothing to compare with.
    let mut took = Vec::new();
    for tab in &mut tab.tabs {
        tab.act()?;
    }
    tab.settle(&mut took)?;
    let before = tab.traffic();
    let first = took.len();
    took.extend(tab.run(Duration::from_millis(200))?);
    let actions = took.len() - first;
    let after = tab.traffic();
    #[expect(clippy::cast_precision_loss, reason = "figures, not amounts")]
    let each = |before: u64, after: u64| (after - before) as f64 / actions.max(1) as f64;
    Report::new("bytes")
        .text("page", call.path)
        .count("actions", actions)
        .figure("update", each(before.stream, after.stream))
        .figure("request", each(before.requests, after.requests))
        .figure("answer", each(before.answers, after.answers))
        .say();
    Ok(())
}
