//! A client that loads the page of a session again and again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::Member;
use crate::client::{Line, Visitor};
use crate::history::book::Sight;
use crate::history::notes::{Gone, Notes, Page, Stray};

/// How long a page may take before the client gives up.
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
        let request = member.visitor.navigation(&member.path);
        let asked = member.shared.now();
        let answer = timeout(PAGE, async {
            Line::open(member.shared.sites[site])
                .await?
                .send(&request)
                .await
        });
        let Ok(Ok(answer)) = answer.await else {
            continue;
        };
        let at = member.shared.now();
        let cookie = answer.header("set-cookie");
        match Sight::find(&answer.body) {
            Some(sight) if answer.status.is_success() && cookie.is_none() => {
                notes.pages.push(Page {
                    session: member.session,
                    site,
                    asked,
                    at,
                    sight,
                });
            }
            // The cookie belongs to a session that is over, so the page belongs to a new one.
            Some(_) if answer.status.is_success() => notes.gone.push(Gone {
                at,
                session: member.session,
                tab: None,
                what: format!("a page of session {} began a new one", member.session),
            }),
            _ if answer.asks_to_come_back() => {}
            _ => notes.strays.push(Stray {
                at,
                what: format!(
                    "a page of session {} came as {} with the cookie {cookie:?}",
                    member.session, answer.status
                ),
            }),
        }
    }
    (member.log, notes)
}

/// What a server shows, as soon as it shows something.
pub(super) async fn look_once(
    site: SocketAddr,
    visitor: &Visitor,
    path: &str,
) -> (Sight, BTreeMap<u64, u64>) {
    loop {
        let request = visitor.navigation(path);
        let answer = async { Line::open(site).await?.send(&request).await }.await;
        if let Ok(answer) = answer
            && let Some(sight) = Sight::find(&answer.body)
            && answer.status.is_success()
        {
            return (sight, Sight::by_tab(&answer.body));
        }
        sleep(Duration::from_millis(20)).await;
    }
}
