//! The closed loop of 64 sessions on each store, beside what the store's medium can do at best.

use std::{io, time::Duration};

use super::actions::{self, Setting};
use crate::load::{medium::Medium, process::Server, tab::COUNTER};

/// Measures a server on one store: `memory`, `sqlite` or `redis`.
pub(crate) fn run(store: &str, rounds: usize, time: Duration) -> io::Result<()> {
    let mut medium = Medium::new(store)?;
    let setting = Setting {
        name: "stores",
        call: COUNTER,
        tabs: 64,
        rounds,
        time,
    };
    let server = Server::start("serve", Some(&medium.url("via.db")))?;
    let mut bare = || medium.bare(setting.tabs, time / 2);
    actions::run(&server, setting, store, None, &mut bare)
}
