//! The suite of all stores, against a real Redis: plain, with faults, and over a link that loses
//! answers.

use std::net::SocketAddr;

use via::store::{
    Durability, RedisStore,
    conformance::{self, Behind, Elsewhere, Faults, Formats, Harness, LosesAnswers, Small},
};
use via_tests::link::Link;
use via_tests::redis::{Redis, ask};

/// An empty Redis, which other processes can open by its address.
struct Place {
    address: SocketAddr,
    /// `None` in the other processes.
    server: Option<Redis>,
}

/// Other tests may make the machine slow; that is not a fault of the store.
async fn open(address: SocketAddr) -> Result<RedisStore, via::store::OpenError> {
    RedisStore::open(&format!("redis://{address}?prefix=app:&deadline=20000")).await
}

impl Place {
    fn new() -> Self {
        let server = Redis::start_logging();
        Self {
            address: server.address(),
            server: Some(server),
        }
    }

    async fn try_open(&self) -> Result<RedisStore, via::store::OpenError> {
        open(self.address).await
    }

    fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        ask(self.address, words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }
}

impl Harness for Place {
    type Store = RedisStore;

    async fn open(&self) -> RedisStore {
        self.try_open().await.unwrap()
    }

    fn durability(&self) -> Durability {
        Durability::BoundedLoss { millis: 2000 }
    }
}

impl Elsewhere for Place {
    fn address(&self) -> String {
        assert!(self.server.is_some(), "the server runs");
        self.address.to_string()
    }

    fn at(address: &str) -> Self {
        Self {
            address: address.parse().unwrap(),
            server: None,
        }
    }
}

impl Small for Place {
    async fn open_small(&self) -> RedisStore {
        let store = self.open().await;
        let memory: String = self.ask(&["INFO", "memory"]);
        let used = memory
            .lines()
            .find_map(|line| line.strip_prefix("used_memory:"));
        let used: u64 = used.unwrap().trim().parse().unwrap();
        let limit = (used + 1024 * 1024).to_string();
        let _: () = self.ask(&["CONFIG", "SET", "maxmemory", &limit]);
        store
    }
}

impl Formats for Place {
    async fn make_newer(&self) -> String {
        let _: () = self.ask(&["SET", "app:format", "17"]);
        "17".to_owned()
    }

    async fn content(&self) -> Vec<u8> {
        let mut keys: Vec<String> = self.ask(&["KEYS", "*"]);
        keys.sort();
        keys.iter()
            .flat_map(|key| self.ask::<Vec<u8>>(&["DUMP", key]))
            .collect()
    }

    async fn try_open(&self) -> Result<RedisStore, String> {
        self.try_open().await.map_err(|error| error.to_string())
    }
}

mod plain {
    use super::*;

    via::store::conformance::tests! {
        Place::new(); restarts, kills, instances, processes, full, formats
    }
}

mod behind_faults {
    use super::*;

    via::store::conformance::tests! {
        Behind::new(Place::new(), Faults::gentle(3));
        restarts, kills, instances, processes, full, formats, unknown
    }
}

/// A Redis at the end of a link that can be cut.
struct OverALink {
    link: Link,
    _server: Redis,
}

impl OverALink {
    /// Without a log, because the sections about what survives test the server, not the link.
    fn new() -> Self {
        let server = Redis::start(&[]);
        Self {
            link: Link::to(server.address()),
            _server: server,
        }
    }
}

impl Harness for OverALink {
    type Store = RedisStore;

    async fn open(&self) -> RedisStore {
        open(self.link.address()).await.unwrap()
    }
}

impl LosesAnswers for OverALink {
    async fn lose_answers(&self, _store: &RedisStore, lost: bool) {
        if lost {
            self.link.lose_answers();
        } else {
            self.link.restore();
        }
    }
}

/// Only the section `unknown`: the others do not need a link that is cut.
#[test]
fn what_became_of_a_commit_whose_answer_was_lost_is_unknown() {
    for case in conformance::unknown::<OverALink>() {
        case.run(&OverALink::new);
    }
}
