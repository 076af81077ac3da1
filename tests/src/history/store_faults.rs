//! What happens to a store that is a process of its own, while a crowd acts.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::task::block_in_place;
use tokio::time::sleep;

use super::crowd::{Crowd, Plan};
use super::loss::{Crashes, check_with_losses};
use super::report::write_line;
use super::scenario::Ground;
use crate::cluster::Cluster;
use crate::dice::Dice;
use crate::link::Link;
use crate::server::Options;

impl Ground {
    /// Servers cannot reach their store for a while, one after the other: what they send gets
    /// lost, or is refused.
    pub async fn partitions(&self, store: SocketAddr, url: impl Fn(SocketAddr) -> String) {
        let mut ways = Vec::new();
        let mut each = Vec::new();
        for _ in 0..self.servers {
            let way = Link::start(store).await;
            each.push(Options {
                store_url: url(way.address()),
                ..self.options.clone()
            });
            ways.push(way);
        }
        let cluster = Cluster::start_each(&self.program, each).await;
        let plan = Plan::default();
        let crowd = Crowd::gather(plan.clone(), cluster.direct()).await;
        for way in &ways {
            crowd.until_more(300).await;
            way.hold();
            // Longer than a server waits for its store.
            sleep(Duration::from_secs(3)).await;
            way.restore();
            crowd.until_more(300).await;
            way.refuse();
            sleep(Duration::from_secs(1)).await;
            way.restore();
        }
        crowd.until_more(300).await;
        let seen = crowd.finish().await;
        self.verdict("partitions", &plan, &seen);
    }

    /// The store is cut off and comes back, so many times, and loses nothing.
    pub async fn store_kills(&self, times: u64, mut kill_and_restart: impl FnMut()) {
        let cluster = self.start().await;
        let plan = Plan::default();
        let mut dice = Dice::new(plan.seed);
        let crowd = Crowd::gather(plan.clone(), cluster.direct()).await;
        for _ in 0..times {
            crowd.until_more(200 + dice.below(400)).await;
            block_in_place(&mut kill_and_restart);
        }
        crowd.until_more(500).await;
        let seen = crowd.finish().await;
        self.verdict("store-kills", &plan, &seen);
    }

    /// The store is cut off and comes back without its last moments, so many times: what is lost
    /// was acknowledged within the window, and is told.
    pub async fn store_losses(
        &self,
        times: u64,
        window: Duration,
        mut kill_and_restart: impl FnMut(),
    ) {
        let cluster = self.start().await;
        let plan = Plan::default();
        let crowd = Crowd::gather(plan.clone(), cluster.direct()).await;
        let mut crashes = Crashes {
            at: Vec::new(),
            window,
        };
        for _ in 0..times {
            crowd.until_more(500).await;
            let before = crowd.now();
            block_in_place(&mut kill_and_restart);
            crashes.at.push((before, crowd.now()));
        }
        crowd.until_more(500).await;
        let seen = crowd.finish().await;
        let mut lost = 0;
        let mut violations = Vec::new();
        for (log, notes) in seen.logs.iter().enumerate() {
            let (found, here) = check_with_losses(notes, &crashes);
            lost += here;
            violations.extend(found.into_iter().map(|found| (log, found)));
        }
        let name = self.name("store-losses");
        let mut line = seen.record(name, &plan, violations.len(), &seen.pace());
        line["crashes"] = json!(times);
        line["lost"] = json!(lost);
        write_line(name, &line);
        assert!(
            violations.is_empty(),
            "{}",
            seen.story(name, &plan, &violations)
        );
        assert!(lost > 0, "nothing was lost, so nothing was shown");
    }
}
