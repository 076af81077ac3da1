//! What is measured; each scenario has its own file.

pub(super) mod actions;
pub(super) mod bytes;
pub(super) mod commits;
pub(super) mod fanout;
pub(super) mod herd;
pub(super) mod idle;
pub(super) mod soak;
pub(super) mod stalled;
pub(super) mod start;
pub(super) mod stores;

use std::{io, net::SocketAddr};

use http::Method;

use super::{tab::ClosedLoop, wire::Line};
use crate::client::Visitor;

/// Makes the floor send events of this many bytes.
fn floor_sends(floor: SocketAddr, bytes: usize) -> io::Result<()> {
    let (before, after) = ("event: datastar-patch-elements\ndata: elements ", "\n\n");
    let filling = "x".repeat(bytes.saturating_sub(before.len() + after.len()));
    let patch = format!("{before}{filling}{after}");
    Line::open(floor)?.send(&Visitor::new(floor).request(Method::POST, "/floor/patch", patch))?;
    Ok(())
}

/// Checks that the measured actions happened: each counter shows as many actions as were sent.
fn assert_counted(tabs: &ClosedLoop, server: SocketAddr) -> io::Result<()> {
    let mut line = Line::open(server)?;
    for tab in &tabs.tabs {
        let shown = tab.session().page(&mut line)?.shows("count");
        if shown != tab.acted().to_string() {
            return Err(io::Error::other(format!(
                "{} actions were acknowledged, and the page shows {shown}",
                tab.acted()
            )));
        }
    }
    Ok(())
}
