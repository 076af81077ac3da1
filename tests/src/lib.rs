//! Harness of the whole-program and browser tests of `via`.
//!
//! Its tools, each usable alone:
//!
//! - [`chromium`] drives a real browser and fails a test on any console error, uncaught exception
//!   or violation of the Content-Security-Policy;
//! - [`live`] knows what pages of `via` tell a test in a browser;
//! - [`server`] builds and runs a program of this workspace as a child process that can be killed,
//!   drained, paused and restarted on its port;
//! - [`proxy`] stands between the two and loses, delays, repeats and refuses what passes;
//! - [`nginx`] is the reverse proxy of that name, as a distribution installs it;
//! - [`client`] is a visitor without a browser: cookies, numbered actions, a parsed event stream;
//! - [`serving`] serves an app whose pages are written in the test, inside the test's own process;
//! - [`stores`] stands between an app and its store and does what stores do on bad days;
//! - [`disk`] is a small disk of a test's own, which it can fill;
//! - [`dice`] gives the chances of a seed, and [`edits`] pages that change by chance;
//! - [`figures`] says what was measured;
//! - [`cluster`] runs several servers on one store, each behind a [`proxy`];
//! - [`link`] stands between a server and its store, and does not understand what passes;
//! - [`redis`] is a Redis server of a test's own, which it can kill;
//! - [`documents`] writes and reads documents of a store, without an app;
//! - [`weight`] says how much memory the process takes, and [`alone`] gives a test one of its own;
//! - [`history`] compares what a session says was done to it with what its tabs were told;
//! - [`layers`] reads which modules of a crate import which;
//! - [`load`] measures how much a server bears, beside what the machine can do at best.
//!
//! Nothing here sleeps to "give it time": every wait names the condition it waits for and says
//! what it saw when the condition did not come true.

#![expect(
    clippy::missing_panics_doc,
    reason = "a harness reports every failed expectation by a panic, so each function may"
)]
#![expect(
    clippy::must_use_candidate,
    reason = "what a call does to a browser or a server is often all that a test wants of it"
)]

pub mod alone;
pub mod chromium;
pub mod client;
pub mod cluster;
pub mod dice;
pub mod disk;
pub mod documents;
pub mod edits;
pub mod figures;
pub mod fixture;
pub mod history;
pub mod layers;
pub mod link;
pub mod live;
pub mod load;
pub mod nginx;
pub mod patience;
pub mod proxy;
pub mod redis;
pub mod server;
pub mod serving;
pub mod sse;
pub mod stores;
pub mod wall;
pub mod weight;
