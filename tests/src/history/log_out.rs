//! Log-outs that race against slow actions of other tabs at other servers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use super::book::Sight;
use super::report::{Name, write_line};
use super::scenario::Ground;
use crate::client::{Action, Answer, Visitor};

/// How many races go on at a time.
const AT_ONCE: usize = 4;

impl Ground {
    /// This many times, one tab logs out while another one runs a slow action at another server.
    /// Whichever comes first, nothing of the old session remains afterwards.
    pub async fn log_outs(&self, races: usize) {
        let cluster = self.start();
        let sites = cluster.direct();
        let begun = Instant::now();
        let mut running = JoinSet::new();
        let mut applied = 0;
        for race in 0..races {
            if running.len() == AT_ONCE {
                applied += ended(running.join_next().await);
            }
            let (here, there) = (sites[race % sites.len()], sites[(race + 1) % sites.len()]);
            running.spawn(async move { log_out(here, there, race % 8).await });
        }
        while let Some(one) = running.join_next().await {
            applied += ended(Some(one));
        }
        let name = Name {
            store: self.store,
            scenario: "log-outs",
        };
        let line = json!({
            "store": self.store,
            "scenario": "log-outs",
            "races": races,
            "the_action_came_first": applied,
            "came_back": 0,
            "seconds": begun.elapsed().as_secs_f64(),
        });
        write_line(name, &line);
    }
}

fn ended(race: Option<Result<bool, tokio::task::JoinError>>) -> usize {
    usize::from(race.expect("a race").expect("nothing came back"))
}

/// One race. Returns whether the action came first.
async fn log_out(here: SocketAddr, there: SocketAddr, head_start: usize) -> bool {
    let visitor = Visitor::new(here);
    visitor.get("/").await.assert_ok();
    let leaving = visitor.attach("/").await;
    leaving.act(Action::new("Ledger::log_in")).await.assert_ok();
    let staying = visitor.at(there).attach("/").await;
    staying
        .act(Action::new("Ledger::add").arg(1).arg(1))
        .await
        .assert_ok();
    let [mut one, mut other] = [visitor.connect().await, visitor.at(there).connect().await];

    let slow = staying.request(&add_slowly());
    let leave = leaving.request(&Action::new("Ledger::log_out"));
    let (meanwhile, left) = tokio::join!(other.send(&slow), async {
        // From well before the commit of the other to well after it.
        tokio::time::sleep(Duration::from_micros(head_start as u64 * 400)).await;
        one.send(&leave).await
    });
    let left = left.expect("an answer");
    left.assert_ok();
    let old = visitor.cookies();
    visitor.keep_cookies(&left.headers);
    assert_ne!(visitor.cookies(), old, "a log-out replaces the secret");
    let meanwhile = meanwhile.expect("an answer").status.is_success();
    for site in [here, there] {
        let page = page(site, &visitor).await;
        let shown = Sight::find(&page.body);
        assert_eq!(shown, Some(Sight::default()), "what was before came back");
    }
    // With the new secret the same request is another visitor's: it must not take effect.
    let late = other.send(&staying.request(&add_slowly())).await;
    let page = page(here, &visitor).await;
    if meanwhile {
        assert_eq!(Sight::find(&page.body), Some(Sight::default()), "{late:?}");
    }
    meanwhile
}

async fn page(site: SocketAddr, visitor: &Visitor) -> Answer {
    let mut line = visitor.at(site).connect().await;
    let page = line.send(&visitor.navigation("/")).await;
    page.expect("an answer")
}

fn add_slowly() -> Action {
    Action::new("Ledger::add_slowly").arg(1).arg(2).number(2)
}
