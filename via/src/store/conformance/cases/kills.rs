//! What remains after a process was killed.

use std::collections::BTreeMap;

use super::{super::children::Children, prelude::*};

/// Ten times, kills a process that commits all the time. All acknowledged commits must be there, and
/// no commit may be there only in part.
pub async fn what_was_acknowledged_survives_a_killed_process<H: Elsewhere>(
    harness: &H,
    children: &Children,
) {
    const TASKS: usize = 4;
    for round in 0..10 {
        let mut child = children.start();
        child.tell(&format!("storm {round} {TASKS}"));
        let mut acknowledged = BTreeMap::new();
        for _ in 0..40 + 10 * round {
            note(&mut acknowledged, &child.answer());
        }
        for answer in child.kill() {
            note(&mut acknowledged, &answer);
        }
        let store = harness.open().await;
        for (name, number) in acknowledged {
            let last = match load(&store, &key(&name)).await {
                Loaded::Found(document) => {
                    let last = document.version.revision;
                    assert_eq!(document.bytes, format!("{last}"));
                    last
                }
                Loaded::Absent | Loaded::Deleted => 0,
            };
            assert!(
                last >= number,
                "of {name} {number} commits were acknowledged, and {last} are there"
            );
            for number in 1..=last {
                let document = found(&store, &key(&format!("{name}/{number}"))).await;
                assert_eq!(document.bytes, format!("{number}"));
            }
            let half = load(&store, &key(&format!("{name}/{}", last + 1))).await;
            assert_eq!(half, Loaded::Absent);
        }
    }
}

/// Remembers the highest number of each name.
fn note(acknowledged: &mut BTreeMap<String, u64>, answer: &str) {
    let (name, number) = answer.split_once(' ').unwrap_or((answer, ""));
    // The end of the process may have cut off the last line.
    if let Ok(number) = number.parse::<u64>() {
        let highest = acknowledged.entry(name.to_owned()).or_default();
        *highest = number.max(*highest);
    }
}
