//! A tab that acts.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use tokio::time::{sleep, timeout};

use super::{Member, Plan};
use crate::client::{Action, Answer, Line, Tab};
use crate::history::Entry;
use crate::history::book::Sight;
use crate::history::notes::{Acted, Gone, Notes, Stray};

/// How long one answer may take before the action is sent to another server.
const ANSWER: Duration = Duration::from_secs(3);
/// How long it waits before it repeats an action, on average.
const PAUSE: Duration = Duration::from_millis(15);

/// Acts until the run ends. It repeats an action that has no answer, unchanged, at any server.
pub(super) async fn act(
    mut member: Member,
    plan: Plan,
    tab: u64,
    document: Arc<Tab>,
) -> (usize, Notes) {
    let mut notes = Notes::default();
    let shared = member.shared.clone();
    let mut lines: Vec<Option<Line>> = shared.sites.iter().map(|_| None).collect();
    let action = if document.path() == "/" {
        "Ledger::add"
    } else {
        "Room::add"
    };
    for number in 1.. {
        if shared.enough.load(Ordering::SeqCst) || shared.is_gone(tab) {
            break;
        }
        if !plan.think.is_zero() {
            sleep(member.dice.around(plan.think)).await;
        }
        let entry = Entry { tab, number };
        let call = Action::new(action).arg(tab).arg(number).number(number);
        let request = document.request(&call);
        let sent = shared.now();
        match ask(&mut member, &mut lines, &request, number, plan.patience).await {
            Ok((site, answer)) => {
                let told = shared.now();
                let (Some(revision), Some(result)) = (answer.revision(), Sight::find(&answer.body))
                else {
                    let stray = stray(&member, tab, number, &answer);
                    if answer.code().as_deref() == Some("session_gone") {
                        notes.gone.push(Gone {
                            at: stray.at,
                            session: member.session,
                            tab: Some(tab),
                            what: stray.what,
                        });
                        shared.tell(tab, true);
                    } else {
                        notes.strays.push(stray);
                    }
                    break;
                };
                shared.acted.fetch_add(1, Ordering::SeqCst);
                shared.begin(member.session, told);
                shared.highest[member.log].fetch_max(result.count, Ordering::SeqCst);
                notes.acted.push(Acted {
                    entry,
                    session: member.session,
                    site,
                    sent,
                    told,
                    revision,
                    result,
                });
            }
            Err(last) => {
                notes.strays.push(Stray {
                    at: shared.now(),
                    what: format!("{entry} was not acknowledged in time: {last}"),
                });
                break;
            }
        }
    }
    (member.log, notes)
}

fn stray(member: &Member, tab: u64, number: u64, answer: &Answer) -> Stray {
    Stray {
        at: member.shared.now(),
        what: format!(
            "{tab}:{number} of session {} was answered {}: {}",
            member.session,
            answer.status,
            answer.text()
        ),
    }
}

/// Sends a request until an answer has its number; returns the other answer if one came instead.
async fn ask(
    member: &mut Member,
    lines: &mut [Option<Line>],
    request: &Request<Bytes>,
    number: u64,
    patience: Duration,
) -> Result<(usize, Answer), String> {
    let begun = Instant::now();
    loop {
        let site = member.site();
        let place = &mut lines[site];
        let last = match timeout(ANSWER, over(place, member.shared.sites[site], request)).await {
            Ok(Ok(answer)) if answer.ack() == Some(number) => return Ok((site, answer)),
            Ok(Ok(answer)) => format!("{} {:?}", answer.status, answer.code()),
            Ok(Err(error)) => {
                *place = None;
                error.to_string()
            }
            Err(_) => {
                *place = None;
                format!("no answer within {ANSWER:?}")
            }
        };
        if begun.elapsed() > patience {
            return Err(last);
        }
        member.shared.repeated.fetch_add(1, Ordering::Relaxed);
        sleep(member.dice.around(PAUSE)).await;
    }
}

async fn over(
    place: &mut Option<Line>,
    site: SocketAddr,
    request: &Request<Bytes>,
) -> io::Result<Answer> {
    let line = match place {
        Some(line) if !line.is_closed() => line,
        _ => place.insert(Line::open(site).await?),
    };
    line.send(request).await
}
