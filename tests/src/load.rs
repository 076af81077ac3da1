//! The load generator: how many actions a second a server handles, how fast one commit reaches many
//! tabs, what an idle tab costs, and for each what the machine can do at best.
//!
//! It uses one thread and epoll, on core 1; the server that it starts is on core 0. It prints its
//! measurements as one line of JSON. `cargo run --release -p via-tests --bin load -- help` says what
//! it can measure.

mod acks;
mod crowd;
mod events;
mod figures;
mod floor;
mod medium;
mod options;
mod pages;
mod poll;
mod process;
mod redis;
mod scenario;
mod session;
mod tab;
mod wire;

use std::process::ExitCode;

/// Runs the program: measures what the arguments ask for.
pub fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    match options::run(arguments.collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}
