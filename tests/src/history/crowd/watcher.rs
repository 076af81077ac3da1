//! The stream of a session, with what all its tabs are shown.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::Member;
use crate::client::{Answer, Stream, Tab};
use crate::history::book::Sight;
use crate::history::notes::{Gone, Notes, Shown, Stray};

/// How long a request for a stream may wait for its answer before another server is asked.
const OPENING: Duration = Duration::from_secs(3);
/// How long it waits before it opens the stream again, on average.
const PAUSE: Duration = Duration::from_millis(20);

/// Reads the stream of a session until all is quiet. Whenever it ends, opens it again at any
/// server.
pub(super) async fn watch(mut member: Member, documents: Vec<(u64, Arc<Tab>)>) -> (usize, Notes) {
    let mut notes = Notes {
        tabs: documents.iter().map(|(tab, _)| *tab).collect(),
        ..Notes::default()
    };
    let mut quiet = member.shared.quiet.subscribe();
    let mut frames: Vec<Option<String>> = vec![None; documents.len()];
    let all_gone = |member: &Member| documents.iter().all(|(tab, _)| member.shared.is_gone(*tab));
    while !*quiet.borrow() && !all_gone(&member) {
        let site = member.site();
        let list: Vec<_> = documents
            .iter()
            .zip(&frames)
            .map(|((_, document), frame)| (&**document, frame.as_deref()))
            .collect();
        let request = member.visitor.opening("/_via/stream", &list);
        let opening = open(member.shared.sites[site], &request);
        let wait = match timeout(OPENING, opening).await {
            Ok(Ok(Ok(stream))) => {
                read(
                    &member,
                    stream,
                    site,
                    &documents,
                    &mut frames,
                    &mut notes,
                    &mut quiet,
                )
                .await
            }
            Ok(Ok(Err(answer))) => {
                if !answer.asks_to_come_back() {
                    notes.strays.push(Stray {
                        at: member.shared.now(),
                        what: format!(
                            "the stream of session {} was refused: {} {:?}",
                            member.session,
                            answer.status,
                            answer.code()
                        ),
                    });
                    break;
                }
                None
            }
            Ok(Err(_)) | Err(_) => None,
        };
        let wait = wait.unwrap_or_else(|| member.dice.around(PAUSE));
        tokio::select! {
            () = sleep(wait) => {}
            _ = quiet.changed() => {}
        }
    }
    (member.log, notes)
}

/// Opens a stream. The inner error is the answer of a server that refuses.
async fn open(site: SocketAddr, request: &Request<Bytes>) -> io::Result<Result<Stream, Answer>> {
    let stream = Stream::open(site, request).await?;
    if stream.status().is_success() {
        return Ok(Ok(stream));
    }
    stream.into_answer().await.map(Err)
}

/// Reads one stream to its end. Returns when the server wants the next one to be opened, if it
/// said so.
async fn read(
    member: &Member,
    mut stream: Stream,
    site: usize,
    documents: &[(u64, Arc<Tab>)],
    frames: &mut [Option<String>],
    notes: &mut Notes,
    quiet: &mut watch::Receiver<bool>,
) -> Option<Duration> {
    let opened = member.shared.now();
    loop {
        let event = tokio::select! {
            event = stream.coming() => event?,
            _ = quiet.changed() => return None,
        };
        if event.name == "via-bye" {
            let data: Option<serde_json::Value> = serde_json::from_str(&event.data).ok();
            let after = data.and_then(|data| data["reconnect_ms"].as_u64());
            return after.map(Duration::from_millis);
        }
        let Some(frame) = event.frame() else {
            continue;
        };
        let Ok(index) = frame.tab.parse::<usize>() else {
            continue;
        };
        let Some((tab, _)) = documents.get(index) else {
            continue;
        };
        if event.name == "via-tab" && event.data.contains("session_gone") {
            notes.gone.push(Gone {
                at: member.shared.now(),
                session: member.session,
                tab: Some(*tab),
                what: format!("tab {tab} was told {}", event.data),
            });
            member.shared.tell(*tab, true);
        } else if event.name == "via-tab" {
            notes.strays.push(Stray {
                at: member.shared.now(),
                what: format!("tab {tab} was told {}", event.data),
            });
        }
        if event.name == "via-cmd" && event.data.contains("The database has lost something") {
            notes.losses.push((member.shared.now(), *tab));
            member.shared.tell(*tab, false);
        }
        if let Some(hash) = frame.hash {
            frames[index] = Some(hash);
        }
        if let Some(sight) = Sight::find(event.data.as_bytes()) {
            notes.shown.push(Shown {
                tab: *tab,
                site,
                at: member.shared.now(),
                opened,
                sight,
            });
            if let Some(shown) = usize::try_from(*tab)
                .ok()
                .and_then(|tab| member.shared.shown.get(tab))
            {
                shown.store(sight.count, Ordering::SeqCst);
            }
        }
    }
}
