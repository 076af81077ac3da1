//! Harness of the whole-program and browser tests of `via`.
//!
//! Its tools, each usable without the others:
//!
//! - [`chromium`] drives a real browser and fails a test on any console error, uncaught exception
//!   or violation of the Content-Security-Policy;
//! - [`live`] reads what pages of `via` show to a test in a browser;
//! - [`server`] builds and runs a program of this workspace as a child process that can be killed,
//!   drained, paused and restarted on its port;
//! - [`proxy`] stands between the two and loses, delays, repeats and refuses requests;
//! - [`nginx`] runs nginx as a reverse proxy, as a distribution installs it;
//! - [`client`] is a visitor without a browser: cookies, numbered actions, a parsed event stream;
//! - [`serving`] serves an app whose pages are written in the test, inside the test's own process;
//! - [`stores`] stands between an app and its store and causes the faults that stores have;
//! - [`disk`] is a small disk that a test can fill;
//! - [`dice`] makes random choices from a seed, and [`edits`] pages that change at random;
//! - [`figures`] prints what was measured;
//! - [`cluster`] runs several servers on one store, each behind a [`proxy`];
//! - [`link`] stands between a server and its store, and passes bytes on unread;
//! - [`redis`] is a Redis server that a test can kill;
//! - [`documents`] writes and reads documents of a store, without an app;
//! - [`weight`] measures the memory of the process, and [`alone`] gives a test its own process;
//! - [`history`] compares what a session recorded with what its tabs were told;
//! - [`layers`] reads which modules of a crate import which;
//! - [`load`] measures how much load a server can handle, and what the machine can do at best.
//!
//! No code here sleeps to "give it time": every wait names its condition, and if the condition
//! does not become true, it says what it saw instead.

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
