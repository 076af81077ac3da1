//! Somebody who loads the page of a session again and again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::Member;
use crate::client::{Browser, Wire};
use crate::history::book::Sight;
use crate::history::notes::{Gone, Notes, Page, Stray};

/// How long a page may take; whoever waits longer gives up.
const PAGE: Duration = Duration::from_secs(3);

/// Loads the page at random servers until all is quiet.
pub(super) async fn look(mut member: Member, mean: Duration) -> (usize, Notes) {
    let mut notes = Notes::default();
    let mut quiet = member.shared.quiet.subscribe();
    while !*quiet.borrow() {
        tokio::select! {
            () = sleep(member.dice.around(mean)) => {}
            _ = quiet.changed() => break,
        }
        let site = member.site();
        let request = member.browser.get(&member.path);
        let asked = member.shared.now();
        let answer = timeout(PAGE, async {
            Wire::open(member.shared.sites[site])
                .await?
                .send(&request)
                .await
        });
        let Ok(Ok(reply)) = answer.await else {
            continue;
        };
        let at = member.shared.now();
        match Sight::find(&reply.body) {
            Some(sight) if reply.is_success() && reply.cookie.is_none() => notes.pages.push(Page {
                session: member.session,
                site,
                asked,
                at,
                sight,
            }),
            // The cookie of a session that is over: the page belongs to a new one.
            Some(_) if reply.is_success() => notes.gone.push(Gone {
                at,
                session: member.session,
                tab: None,
                what: format!("a page of session {} began a new one", member.session),
            }),
            _ if Browser::may_come_back(&reply) => {}
            _ => notes.strays.push(Stray {
                at,
                what: format!(
                    "a page of session {} came as {} with the cookie {:?}",
                    member.session, reply.status, reply.cookie
                ),
            }),
        }
    }
    (member.log, notes)
}

/// What a server shows, once it shows something.
pub(super) async fn look_once(
    site: SocketAddr,
    browser: &Browser,
    path: &str,
) -> (Sight, BTreeMap<u64, u64>) {
    loop {
        let answer = async { Wire::open(site).await?.send(&browser.get(path)).await }.await;
        if let Ok(reply) = answer
            && let Some(sight) = Sight::find(&reply.body)
            && reply.is_success()
        {
            return (sight, Sight::by_tab(&reply.body));
        }
        sleep(Duration::from_millis(20)).await;
    }
}
