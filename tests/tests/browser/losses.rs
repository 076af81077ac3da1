//! Two hundred clicks under bad conditions: the proxy loses one answer in ten after the commit and delays
//! others, and the server restarts twice. Every click counts once, in order.

use std::time::Duration;

use via_tests::chromium::{Browser, Page, Profile};
use via_tests::figures::figure;
use via_tests::proxy::{Fate, Proxy};
use via_tests::server::{Options, Server};

const CLICKS: usize = 200;

/// Clicks ten buttons in a fixed random order, faster than any user can.
const CLICK: &str = "window.expected = [];
window.clickAll = async (from, to) => {
    for (let n = from; n < to; n++) {
        const button = (n * n + n) % 10 === 0 ? n % 10 : (n * 7) % 10;
        document.getElementById(`add-${button}`).click();
        expected.push(`0:${button}`);
        // Clicks come in bursts, and some of them while the server is away.
        if (n % 7 === 0) await new Promise((done) => setTimeout(done, 10));
    }
}";

fn run(profile: &Profile) {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::build("logbook").start(Options::sqlite(directory.path()));
    let proxy = Proxy::start(server.address());
    let page = profile.open_live(&proxy.url("/"));
    page.mark_document();
    page.expect_network_errors();
    page.eval(CLICK);
    proxy.rule(|request| match (request.is("action"), request.nth % 10) {
        (true, 4) => Fate::DropAnswer,
        (true, 2 | 7) => Fate::Delay(Duration::from_millis(20)),
        _ => Fate::Pass,
    });
    let third = CLICKS / 3;
    page.eval(&format!("clickAll(0, {third})"));
    at_least(&page, third / 2);
    server.kill();
    page.eval(&format!("clickAll({third}, {})", 2 * third));
    server.restart();
    at_least(&page, third + third / 2);
    server.terminate();
    page.eval(&format!("clickAll({}, {CLICKS})", 2 * third));
    server.restart();
    page.wait_for_within(
        "!document.querySelector('[data-via-pending]')",
        Duration::from_mins(1),
    );
    at_least(&page, CLICKS);
    let lost = proxy.count(|request| request.fate == Fate::DropAnswer && request.status.is_some());
    figure(&format!(
        "{lost} of {CLICKS} answers were lost after the commit"
    ));
    assert!(lost >= CLICKS / 12, "{lost} lost answers are too few");
    let expected = page.eval("expected.join(' ')");
    let log = "document.getElementById('log').textContent.trim()";
    assert_eq!(page.eval(log), expected);
    page.assert_same_document();
    // So it is stored too.
    page.reload();
    assert_eq!(page.eval(log), expected);
    at_least(&page, CLICKS);
}

fn at_least(page: &Page, count: usize) {
    page.wait_for_within(
        &format!("Number(document.getElementById('length').textContent) >= {count}"),
        Duration::from_mins(1),
    );
}

#[test]
fn two_hundred_clicks_count_once_and_in_order_with_one_stream_for_all_tabs() {
    run(&Browser::shared().profile());
}

#[test]
fn two_hundred_clicks_count_once_and_in_order_with_a_stream_per_tab() {
    run(&Browser::shared().profile_without_shared_workers());
}
