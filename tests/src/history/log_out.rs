//! Log-outs that race against slow actions of other tabs, at other servers.

use std::net::SocketAddr;
use std::time::Instant;

use serde_json::json;
use tokio::task::JoinSet;

use super::book::Sight;
use super::report::{Name, write_line};
use super::scenario::Ground;
use crate::client::{Browser, Call, Document, Reply, Wire};

/// How many races go on at a time.
const AT_ONCE: usize = 4;

impl Ground {
    /// So many times, one tab logs out while another one, at another server, runs a slow action:
    /// whoever comes first, nothing of before is there afterwards.
    pub async fn log_outs(&self, races: usize) {
        let cluster = self.start().await;
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

/// One race; answers whether the action came first.
async fn log_out(here: SocketAddr, there: SocketAddr, head_start: usize) -> bool {
    let browser = Browser::new();
    let mut one = Wire::open(here).await.expect("a connection");
    let mut other = Wire::open(there).await.expect("a connection");
    browser.keep(&one.send(&browser.get("/")).await.expect("a page"));
    let leaving = attach(&browser, &mut one).await;
    done(
        &browser,
        &mut one,
        act(&browser, &leaving, 1, "log_in", "[]"),
    )
    .await;
    let staying = attach(&browser, &mut other).await;
    done(
        &browser,
        &mut other,
        act(&browser, &staying, 1, "add", "[1,1]"),
    )
    .await;

    let slow = act(&browser, &staying, 2, "add_slowly", "[1,2]");
    let leave = act(&browser, &leaving, 2, "log_out", "[]");
    let (meanwhile, left) = tokio::join!(other.send(&slow), async {
        // From well before to well after the commit of the other.
        tokio::time::sleep(std::time::Duration::from_micros(head_start as u64 * 400)).await;
        one.send(&leave).await
    });
    let left = left.expect("an answer");
    assert!(left.is_success(), "{left:?}");
    let old = browser.cookie();
    browser.keep(&left);
    assert_ne!(browser.cookie(), old, "a log-out replaces the secret");
    let meanwhile = meanwhile.expect("an answer").is_success();
    for site in [here, there] {
        let page = Wire::open(site).await.expect("a connection");
        let page = page_of(page, &browser).await;
        let shown = Sight::find(&page.body);
        assert_eq!(shown, Some(Sight::default()), "what was before came back");
    }
    // With the new secret the very same request is another visitor's: it may not take effect.
    let late = act(&browser, &staying, 2, "add_slowly", "[1,2]");
    let late = other.send(&late).await.expect("an answer");
    let page = page_of(Wire::open(here).await.expect("a connection"), &browser).await;
    if meanwhile {
        assert_eq!(Sight::find(&page.body), Some(Sight::default()), "{late:?}");
    }
    meanwhile
}

async fn page_of(mut wire: Wire, browser: &Browser) -> Reply {
    wire.send(&browser.get("/")).await.expect("a page")
}

async fn attach(browser: &Browser, wire: &mut Wire) -> Document {
    let document = browser.attach(wire, "/").await;
    document.expect("a document attaches")
}

fn act(browser: &Browser, document: &Document, number: u64, name: &str, args: &str) -> Vec<u8> {
    let action = format!("Ledger::{name}");
    let call = Call {
        action: &action,
        args,
        signals: "{}",
    };
    browser.act(document, number, call)
}

async fn done(browser: &Browser, wire: &mut Wire, request: Vec<u8>) {
    let reply = wire.send(&request).await.expect("an answer");
    assert!(reply.is_success(), "{reply:?}");
    browser.keep(&reply);
}
