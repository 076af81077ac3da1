//! What happens to a store in its own process while a crowd acts.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::task::block_in_place;
use tokio::time::sleep;

use super::crowd::{Crowd, Plan, Seen};
use super::loss::{Crashes, Losses, check_with_losses};
use super::report::write_line;
use super::scenario::Ground;
use crate::cluster::Cluster;
use crate::dice::Dice;
use crate::link::Link;
use crate::server::Options;

impl Ground {
    /// Servers cannot reach their store for a while, one after the other: what they send is lost or
    /// refused.
    pub async fn partitions(&self, store: SocketAddr, url: impl Fn(SocketAddr) -> String) {
        let mut ways = Vec::new();
        let mut each = Vec::new();
        for _ in 0..self.servers {
            let way = Link::to(store);
            each.push(Options {
                store_url: url(way.address()),
                ..self.options.clone()
            });
            ways.push(way);
        }
        let cluster = Cluster::start_each(&self.program, each);
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

    /// The store is cut off and comes back this many times, and loses nothing.
    pub async fn store_kills(&self, times: u64, mut kill_and_restart: impl FnMut()) {
        let cluster = self.start();
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

    /// The store is cut off and comes back without its last moments, this many times. What is lost was
    /// acknowledged within the window, and tabs are told. All sessions are older than the window.
    pub async fn store_losses(
        &self,
        times: u64,
        window: Duration,
        mut kill_and_restart: impl FnMut(),
    ) {
        let cluster = self.start();
        let plan = Plan::default();
        let crowd = Crowd::gather(plan.clone(), cluster.direct()).await;
        let mut crashes = Crashes::within(window);
        crowd.until_older_than(window).await;
        for _ in 0..times {
            crowd.until_more(500).await;
            crash(&crowd, &mut crashes, &mut kill_and_restart);
        }
        crowd.until_more(500).await;
        let seen = crowd.finish().await;
        let losses = self.assert_told("store-losses", &plan, &seen, &crashes);
        assert!(losses.actions > 0, "nothing was lost, so nothing was shown");
        assert_eq!(losses.sessions, 0, "older sessions cannot be gone");
    }

    /// The store is cut off and comes back without sessions that had only begun. Their tabs are told
    /// that the sessions are gone.
    pub async fn store_loses_sessions(&self, window: Duration, mut kill_and_restart: impl FnMut()) {
        /// How often a machine may be so slow that no session is young enough.
        const ATTEMPTS: u64 = 5;
        let cluster = self.start();
        for attempt in 0..ATTEMPTS {
            let plan = Plan {
                seed: Plan::default().seed + attempt,
                sessions: 3,
                tabs: 2,
                ..Plan::default()
            };
            let crowd = Crowd::gather(plan.clone(), cluster.direct()).await;
            let mut crashes = Crashes::within(window);
            crowd.until_all_show_something().await;
            crash(&crowd, &mut crashes, &mut kill_and_restart);
            crowd.until_all_are_told().await;
            let seen = crowd.finish().await;
            let losses = self.assert_told("store-loses-sessions", &plan, &seen, &crashes);
            if losses.sessions > 0 {
                return;
            }
        }
        panic!("no session was gone, so nothing was shown");
    }

    /// Fails the test if anything was lost that must not be lost, or without telling the tabs.
    #[track_caller]
    fn assert_told(&self, scenario: &str, plan: &Plan, seen: &Seen, crashes: &Crashes) -> Losses {
        let mut lost = Losses::default();
        let mut violations = Vec::new();
        for (log, notes) in seen.logs.iter().enumerate() {
            let (found, here) = check_with_losses(notes, crashes);
            lost.actions += here.actions;
            lost.sessions += here.sessions;
            violations.extend(found.into_iter().map(|found| (log, found)));
        }
        let name = self.name(scenario);
        let mut line = seen.figures(name, plan, violations.len(), &seen.pace());
        line["crashes"] = json!(crashes.at.len());
        line["lost"] = json!(lost.actions);
        line["sessions_gone"] = json!(lost.sessions);
        write_line(name, &line);
        assert!(
            violations.is_empty(),
            "{}",
            seen.story(name, plan, &violations)
        );
        lost
    }
}

fn crash(crowd: &Crowd, crashes: &mut Crashes, kill_and_restart: &mut impl FnMut()) {
    let before = crowd.now();
    block_in_place(kill_and_restart);
    crashes.at.push((before, crowd.now()));
    crowd.forget_what_was_acknowledged();
}
