//! How long it takes until another tab shows a click.

use via_tests::chromium::{Browser, Page};
use via_tests::server::{Options, Server};

use crate::TURN;

/// Records when the page was clicked and when it showed each count, by the clock of the machine,
/// which is the same for all tabs.
const RECORD_TIMES: &str = "{
    const now = () => performance.timeOrigin + performance.now();
    window.clicks = [];
    window.changes = {};
    addEventListener('click', () => clicks.push(now()), true);
    new MutationObserver(() => {
        changes[document.querySelector('output').textContent] ??= now();
    }).observe(document.body, { childList: true, characterData: true, subtree: true });
}";

/// The count in a document that is loaded beside the page.
const COUNT_OF_A_NEW_DOCUMENT: &str = "fetch('/')
    .then((answer) => answer.text())
    .then((html) => /<output[^>]*>([^<]*)</.exec(html)[1])";

fn increment(page: &Page) {
    page.click("button");
}

#[test]
fn a_click_reaches_the_other_tab_within_250_ms_and_nobody_else() {
    let _turn = TURN.blocking_lock();
    let server = Server::build("counter-example").start(Options::default());
    let browser = Browser::launch();
    let (ann, bob) = (browser.profile(), browser.profile());
    let first = ann.open_live(&server.url("/"));
    let second = ann.open_live(&server.url("/"));
    let stranger = bob.open_live(&server.url("/"));
    for page in [&first, &second] {
        page.eval(RECORD_TIMES);
    }
    // A busy machine is late in bursts; a slow framework is always late.
    let mut rounds = Vec::new();
    let mut count = 0;
    while rounds.len() < 3 && rounds.last().is_none_or(|worst| *worst > 250.0) {
        let mut worst: f64 = 0.0;
        for _ in 0..20 {
            increment(&first);
            count += 1;
            first.shows("output", count);
            second.shows("output", count);
            let click = first.eval("clicks.at(-1)").as_f64().unwrap();
            let change = second.eval(&format!("changes[{count}]")).as_f64().unwrap();
            worst = worst.max(change - click);
        }
        println!("from a click to the other tab: at most {worst:.1} ms");
        rounds.push(worst);
    }
    assert!(
        rounds.iter().any(|worst| *worst <= 250.0),
        "the slowest clicks of three rounds took too long (in ms): {rounds:?}"
    );
    // If only the regular check of revisions finds a change, it takes longer.
    assert!(
        rounds.iter().all(|worst| *worst <= 3_000.0),
        "a change was not announced (in ms): {rounds:?}"
    );

    stranger.shows("output", 0);
    increment(&stranger);
    stranger.shows("output", 1);
    // Each click has counted once: in a newly loaded document, in both tabs, and after one more
    // click.
    for expected in [count, count + 1] {
        for page in [&first, &second] {
            page.settled();
        }
        assert_eq!(first.eval(COUNT_OF_A_NEW_DOCUMENT), expected.to_string());
        for page in [&first, &second] {
            page.shows("output", expected);
        }
        if expected == count {
            increment(&first);
        }
    }
}
