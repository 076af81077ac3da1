//! Several server processes on one store, each behind a [`Proxy`] of its own.

use std::net::SocketAddr;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use tokio::task::block_in_place;

use crate::proxy::Proxy;
use crate::server::{Options, Program, Server};

/// Running servers. Dropping the value kills them.
#[derive(Debug)]
pub struct Cluster {
    servers: Vec<Server>,
    proxies: Vec<Proxy>,
}

impl Cluster {
    /// Starts `count` servers of the program with these options, each on a port of its own. Needs
    /// a runtime of several threads.
    pub fn start(program: &Program, count: usize, options: &Options) -> Self {
        Self::start_each(program, (0..count).map(|_| options.clone()).collect())
    }

    /// Starts a server of the program for each of these options, for example one that reaches the
    /// store through its own link.
    pub fn start_each(program: &Program, each: Vec<Options>) -> Self {
        let mut servers = Vec::new();
        for options in each {
            let options = Options {
                addr: crate::server::free_address(),
                ..options
            };
            servers.push(block_in_place(|| program.start(options)));
        }
        let proxies = servers.iter().map(|server| Proxy::start(server.address()));
        Self {
            proxies: proxies.collect(),
            servers,
        }
    }

    /// How many servers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.servers.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    /// Where the servers themselves listen.
    #[must_use]
    pub fn direct(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(Server::address).collect()
    }

    /// The same servers, each behind its proxy.
    #[must_use]
    pub fn proxied(&self) -> Vec<SocketAddr> {
        self.proxies.iter().map(Proxy::address).collect()
    }

    /// The proxies in front of the servers.
    #[must_use]
    pub fn proxies(&self) -> &[Proxy] {
        &self.proxies
    }

    /// One of the servers.
    #[must_use]
    pub fn server(&self, place: usize) -> &Server {
        &self.servers[place]
    }

    /// Kills a server and starts it again.
    pub fn kill_and_restart(&mut self, place: usize) {
        let server = &mut self.servers[place];
        block_in_place(|| {
            server.kill();
            server.restart();
        });
    }

    /// Asks a server to finish, and starts it again when it has finished. Returns how it ended and how
    /// long that took.
    pub fn drain_and_restart(&mut self, place: usize) -> (ExitStatus, Duration) {
        let server = &mut self.servers[place];
        block_in_place(|| {
            let told = Instant::now();
            let status = server.terminate();
            let took = told.elapsed();
            server.restart();
            (status, took)
        })
    }
}
