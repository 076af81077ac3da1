//! What one update costs on the wire, framing included.

use std::{io, net::SocketAddr, time::Duration};

use crate::load::{
    figures::Line as Report,
    process::Server,
    tab::{Call, ClosedLoop, Tab, Traffic},
    wire::Line,
};

/// Counts the bytes of each action of one tab: once with patches on the stream, once with patches in
/// the answers.
pub(crate) fn run(server: &Server, call: Call) -> io::Result<()> {
    let (actions, on_stream) = measure(server.address(), call, Tab::of_stream)?;
    let (more, in_answer) = measure(server.address(), call, Tab::open)?;
    #[expect(clippy::cast_precision_loss, reason = "figures, not amounts")]
    let (each, each_in_answer) = (
        |all: u64| all as f64 / actions as f64,
        |all: u64| all as f64 / more as f64,
    );
    let answer = each(on_stream.answers);
    Report::new("bytes")
        .text("page", call.path)
        .count("actions", actions + more)
        .figure("update", each(on_stream.patches))
        .figure(
            "update_in_answer",
            each_in_answer(in_answer.answers) - answer,
        )
        .figure("request", each(on_stream.requests))
        .figure("answer", answer)
        .say();
    Ok(())
}

type Open = fn(&mut Line, Call, usize) -> io::Result<Tab>;

/// How many actions one tab did, and the bytes of all of them.
fn measure(server: SocketAddr, call: Call, open: Open) -> io::Result<(usize, Traffic)> {
    let mut line = Line::open(server)?;
    let mut tab = ClosedLoop::new(vec![open(&mut line, call, 0)?])?;
    // For the first frame there is nothing to compare with.
    let mut took = Vec::new();
    for tab in &mut tab.tabs {
        tab.act()?;
    }
    tab.settle(&mut took)?;
    let before = tab.traffic();
    let actions = tab.run(Duration::from_millis(200))?.len().max(1);
    let after = tab.traffic();
    let traffic = Traffic {
        requests: after.requests - before.requests,
        answers: after.answers - before.answers,
        patches: after.patches - before.patches,
    };
    Ok((actions, traffic))
}
