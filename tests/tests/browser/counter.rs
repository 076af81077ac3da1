//! The counter in a real browser: several tabs, several people, a server that dies.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use via_tests::chromium::{Browser, Page};
use via_tests::proxy::{Exchange, Fate, Proxy};
use via_tests::server::{Options, Server};

const CONNECTION: &str = "document.documentElement.dataset.viaConnection";

/// The count in a document that is loaded beside the page.
const COUNT_OF_A_NEW_DOCUMENT: &str = "fetch('/')
    .then((answer) => answer.text())
    .then((html) => /<output[^>]*>([^<]*)</.exec(html)[1])";

fn increment(page: &Page) {
    page.click("button");
}

fn step(page: &Page) -> Value {
    page.eval("document.querySelector('input').value")
}

/// Waits until every click has its answer, and expects that exactly `count` of them counted: in a newly
/// loaded document, in all tabs, and after one more click.
fn settled(pages: &[&Page], count: i64) {
    for expected in [count, count + 1] {
        for page in pages {
            page.settled();
        }
        assert_eq!(pages[0].eval(COUNT_OF_A_NEW_DOCUMENT), expected.to_string());
        for page in pages {
            page.shows("output", expected);
        }
        if expected == count {
            increment(pages[0]);
        }
    }
}

#[test]
fn a_double_click_is_two_actions_while_the_answer_to_the_first_is_awaited() {
    let server = Server::build("counter-example").start(Options::default());
    let proxy = Proxy::start(server.address());
    let profile = Browser::shared().profile();
    let (first, second) = (
        profile.open_live(&proxy.url("/")),
        profile.open_live(&proxy.url("/")),
    );
    first.eval("window.doubles = 0; addEventListener('dblclick', () => doubles++)");
    proxy.rule(|request| {
        if request.is("action") {
            Fate::Delay(Duration::from_millis(200))
        } else {
            Fate::Pass
        }
    });
    for count in [2, 4, 6] {
        first.double_click("button");
        first.shows("output", count);
        second.shows("output", count);
    }
    assert_eq!(first.eval("doubles"), 3);
    settled(&[&first, &second], 6);
}

#[test]
fn a_tab_shows_what_comes_with_answers_and_on_its_stream_in_one_order() {
    let server = Server::build("counter-example").start(Options::default());
    let proxy = Proxy::start(server.address());
    let profile = Browser::shared().profile();
    let first = profile.open_live(&proxy.url("/"));
    // The same session without the proxy, so that nothing of it is held back.
    let second = profile.open_live(&server.url("/"));
    first.eval(
        "{
        window.shown = [];
        via.on('via:frame', () => shown.push(Number(document.querySelector('output').textContent)));
    }",
    );
    for count in 1..=5 {
        increment(&first);
        first.shows("output", count);
        first.settled();
    }
    let with_frames = |request: &Exchange| {
        let carries = request.status == Some(StatusCode::OK);
        request.is("action") && request.headers.contains_key("via-stream") && carries
    };
    assert!(proxy.count(with_frames) > 0, "no answer had a frame");

    proxy.rule(|request| {
        if request.is("action") {
            Fate::Hold
        } else {
            Fate::Pass
        }
    });
    increment(&first);
    second.shows("output", 6);
    // The frame of this change arrives before the answer.
    increment(&second);
    second.shows("output", 7);
    proxy.pass();
    proxy.release();
    first.shows("output", 7);
    settled(&[&first, &second], 7);
    let shown = first.eval("shown");
    let shown: Vec<u64> = serde_json::from_value(shown).unwrap();
    assert!(shown.is_sorted(), "{shown:?}");
    assert!(shown.ends_with(&[7, 8]), "{shown:?}");
}

#[test]
fn refresh_and_return_show_the_same_count_and_step() {
    let server = Server::build("counter-example").start(Options::default());
    let profile = Browser::shared().profile();
    let page = profile.open_live(&server.url("/"));
    assert_eq!(step(&page), "1");
    page.click("input");
    page.press("Control+a");
    page.type_text("3");
    increment(&page);
    increment(&page);
    page.shows("output", 6);
    page.settled();

    page.reload();
    page.shows("output", 6);
    page.online();
    assert_eq!(step(&page), "3");

    let other = profile.open_live(&server.url("/"));
    assert_eq!(step(&other), "3");
    page.close();
    other.close();
    let page = profile.open_live(&server.url("/"));
    page.shows("output", 6);
    assert_eq!(step(&page), "3");
    increment(&page);
    page.shows("output", 9);
}

#[test]
fn a_killed_server_comes_back_without_a_reload_and_without_a_lost_or_doubled_click() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::build("counter-example").start(Options::sqlite(directory.path()));
    let profile = Browser::shared().profile();
    let pages = [
        profile.open_live(&server.url("/")),
        profile.open_live(&server.url("/")),
    ];
    let both = [&pages[0], &pages[1]];
    for page in both {
        page.expect_network_errors();
        page.mark_document();
    }
    let click = |times: std::ops::Range<usize>| {
        for time in times {
            increment(both[time % 2]);
        }
    };
    click(0..14);
    server.kill();
    click(14..26);
    for page in both {
        page.wait_for(&format!("{CONNECTION} === 'reconnecting'"));
    }
    server.restart();
    click(26..40);
    for page in both {
        page.online();
    }
    settled(&both, 40);
    for page in both {
        page.assert_same_document();
        assert_eq!(page.navigations(), 1);
    }
}

#[test]
fn a_click_that_was_committed_right_before_the_kill_counts_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::build("counter-example").start(Options::sqlite(directory.path()));
    let proxy = Proxy::start(server.address());
    let profile = Browser::shared().profile();
    let page = profile.open_live(&proxy.url("/"));
    page.expect_network_errors();
    for count in 1..=3 {
        increment(&page);
        page.shows("output", count);
    }
    proxy.rule(|request| {
        if request.is("action") {
            Fate::Hold
        } else {
            Fate::Pass
        }
    });
    increment(&page);
    proxy.wait_for(1, |request| {
        request.fate == Fate::Hold && request.status.is_some()
    });
    server.kill();
    proxy.pass();
    proxy.cut();
    increment(&page);
    server.restart();
    settled(&[&page], 5);
}

#[test]
fn typing_is_left_alone_while_the_other_tab_clicks() {
    let server = Server::build("counter-example").start(Options::default());
    let profile = Browser::shared().profile();
    let writer = profile.open_live(&server.url("/"));
    let clicker = profile.open_live(&server.url("/"));
    writer.click("input");
    writer.press("End");
    // A number input does not expose its caret; the position of the next digit shows it.
    let keys = [
        ("2", "12"),
        ("3", "123"),
        ("ArrowLeft", "123"),
        ("9", "1293"),
        ("Backspace", "123"),
        ("8", "1283"),
        ("Home", "1283"),
        ("7", "71283"),
    ];
    let mut count = 0;
    for (others, (key, text)) in (2..).zip(keys) {
        writer.press(key);
        assert_eq!(step(&writer), text, "after {key}");
        // The other tab commits its own step, and the tabs of the session receive it.
        clicker.click("input");
        clicker.press("ArrowUp");
        assert_eq!(step(&clicker), others.to_string());
        increment(&clicker);
        count += others;
        writer.shows("output", count);
        assert_eq!(step(&writer), text, "after {key} and a patch");
        assert_eq!(
            writer.eval("document.activeElement === document.querySelector('input')"),
            true
        );
    }
    increment(&writer);
    for page in [&writer, &clicker] {
        page.shows("output", count + 71_283);
        page.wait_for("document.querySelector('input').value === '71283'");
    }
}

#[test]
fn the_cookie_is_for_the_server_alone_and_the_policy_holds() {
    let server = Server::build("counter-example").start(Options::default());
    let profile = Browser::shared().profile();
    let page = profile.open_live(&server.url("/"));
    increment(&page);
    page.shows("output", 1);

    let cookies = profile.cookies();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    let cookie = &cookies[0];
    assert_eq!(cookie.name, "via-counter_example");
    assert!(cookie.http_only, "{cookie:?}");
    assert!(
        !cookie.secure,
        "on plain HTTP a secure cookie would be lost: {cookie:?}"
    );
    assert_eq!(cookie.same_site.as_deref(), Some("Lax"));
    assert_eq!(
        (cookie.domain.as_str(), cookie.path.as_str()),
        ("127.0.0.1", "/")
    );
    assert_eq!(page.eval("document.cookie"), "");

    let policy =
        page.eval("fetch('/').then((answer) => answer.headers.get('content-security-policy'))");
    let policy = policy.as_str().unwrap();
    assert!(policy.contains("script-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let attempt = |script: &str| {
        page.eval(&format!(
            "{{ try {{ {script}; 'done' }} catch (error) {{ error.name }} }}"
        ))
    };
    assert_eq!(attempt("eval('window.injected = 1')"), "EvalError");
    assert_eq!(
        attempt("new Function('window.injected = 1')()"),
        "EvalError"
    );
    for script in [
        "document.body.innerHTML = '<img src=x onerror=injected=1>'",
        "document.createElement('script').textContent = 'window.injected = 1'",
        "document.createElement('script').src = '/elsewhere.js'",
        "document.body.setAttribute('onclick', 'window.injected = 1')",
        "trustedTypes.createPolicy('own', {})",
    ] {
        assert_eq!(attempt(script), "TypeError", "{script}");
    }
    page.eval(
        "{
            const script = document.createElement('script');
            script.append('window.injected = 1');
            document.body.append(script);
        }",
    );
    assert_eq!(page.eval("typeof window.injected"), "undefined");
    let violations = page.take_violations();
    let sink = "require-trusted-types-for blocked trusted-types-sink";
    let policy = "trusted-types blocked trusted-types-policy";
    assert_eq!(
        violations,
        [sink, sink, sink, sink, sink, sink, policy, sink]
    );
}

#[test]
fn twelve_tabs_over_http_1_are_all_alive() {
    let server = Server::build("counter-example").start(Options::default());
    let profile = Browser::shared().profile();
    let pages: Vec<_> = (0..12)
        .map(|_| profile.open_live(&server.url("/")))
        .collect();
    for page in &pages {
        increment(page);
    }
    settled(&pages.iter().collect::<Vec<_>>(), 12);
}

#[test]
fn clicks_whose_answers_are_lost_count_once() {
    let server = Server::build("counter-example").start(Options::default());
    let proxy = Proxy::start(server.address());
    let profile = Browser::shared().profile();
    let page = profile.open_live(&proxy.url("/"));
    page.expect_network_errors();
    proxy.rule(|request| {
        if request.is("action") && request.nth % 2 == 1 {
            Fate::DropAnswer
        } else {
            Fate::Pass
        }
    });
    for _ in 0..20 {
        increment(&page);
    }
    settled(&[&page], 20);
    let dropped =
        proxy.count(|request| request.fate == Fate::DropAnswer && request.status.is_some());
    assert!(dropped > 0, "the proxy dropped nothing");
}
