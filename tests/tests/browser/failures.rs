//! What a user sees if servers, proxies, networks and tabs fail: at most a banner, and nothing
//! is lost. Each test runs with one stream for all tabs and with a stream per tab.

use std::time::Duration;

use http::StatusCode;
use tempfile::TempDir;
use via_tests::chromium::{Browser, Page, Profile};
use via_tests::proxy::{Fate, Proxy};
use via_tests::server::{Options, Server};

const CONNECTION: &str = "document.documentElement.dataset.viaConnection";
const MARKER: &str = "window.marker === 'the same document'";

/// A counter behind a proxy, and a browser that uses it.
struct Scene {
    server: Server,
    proxy: Proxy,
    profile: Profile,
    _directory: TempDir,
}

/// Runs a test in a browser with shared workers and in one without.
macro_rules! in_both_browsers {
    ($(fn $name:ident($scene:ident) $body:block)*) => {$(
        mod $name {
            use super::*;

            fn run($scene: Scene) $body

            #[test]
            fn with_one_stream_for_all_tabs() {
                run(Scene::new(Browser::shared().profile()));
            }

            #[test]
            fn with_a_stream_per_tab() {
                run(Scene::new(Browser::shared().profile_without_shared_workers()));
            }
        }
    )*};
}

impl Scene {
    fn new(profile: Profile) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let server = Server::build("counter-example").start(Options::sqlite(directory.path()));
        let proxy = Proxy::start(server.address());
        Self {
            server,
            proxy,
            profile,
            _directory: directory,
        }
    }

    /// A tab whose live stream is open and whose document is marked.
    fn open(&self) -> Page {
        let page = self.profile.open_live(&self.proxy.url("/"));
        page.mark_document();
        page
    }

    fn streams(&self) -> usize {
        self.proxy.count(|request| request.is("stream"))
    }
}

fn banner(page: &Page, text: &str) {
    page.wait_for(&format!(
        "document.querySelector('.via-banner[role=status]').textContent === '{text}'"
    ));
}

/// Every click is committed once, and the page is still the one that was opened.
fn settled(page: &Page, count: u32) {
    page.online();
    page.settled();
    page.shows("output", count);
    banner(page, "");
    assert_eq!(page.eval(MARKER), true);
    assert_eq!(page.navigations(), 1);
}

in_both_browsers! {
    fn a_gateway_without_a_server_is_waited_for(scene) {
        let page = scene.open();
        page.expect_network_errors();
        for status in [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE] {
            scene.proxy.rule(move |_| Fate::Answer(status));
            scene.proxy.cut();
            page.wait_for(&format!("{CONNECTION} === 'reconnecting'"));
            banner(&page, "Reconnecting…");
            page.click("button");
            page.click("button");
            scene.proxy.pass();
            page.online();
        }
        settled(&page, 4);
    }

    fn a_server_that_cannot_be_reached_is_waited_for(scene) {
        let page = scene.open();
        page.expect_network_errors();
        scene.proxy.go_down();
        page.wait_for(&format!("{CONNECTION} === 'reconnecting'"));
        banner(&page, "Reconnecting…");
        for _ in 0..3 {
            page.click("button");
        }
        // A failed action does not show that the server is alive.
        page.wait_for("document.querySelector('[data-via-pending]')");
        banner(&page, "Reconnecting…");
        scene.proxy.come_up();
        page.wait_for_within(&format!("{CONNECTION} === 'online'"), Duration::from_secs(18));
        settled(&page, 3);
    }

    fn a_server_that_is_told_to_stop_comes_back_without_a_reload(scene) {
        let mut scene = scene;
        let (first, second) = (scene.open(), scene.open());
        for page in [&first, &second] {
            page.expect_network_errors();
        }
        first.click("button");
        second.shows("output", 1);
        scene.server.terminate();
        first.click("button");
        second.click("button");
        scene.server.restart();
        for page in [&first, &second] {
            settled(page, 3);
        }
    }

    fn a_proxy_that_closes_streams_is_not_noticed(scene) {
        let page = scene.open();
        page.expect_network_errors();
        page.eval(
            "window.seen = [];
             new MutationObserver(() => seen.push(document.querySelector('.via-banner').textContent))
                 .observe(document.querySelector('.via-banner'), { childList: true, subtree: true });",
        );
        // A proxy closes one stream right after another: the client waits, as it should.
        for count in 1..=2 {
            let before = scene.streams();
            scene.proxy.cut();
            scene.proxy.wait_for(before + 1, |request| request.is("stream"));
            page.online();
            page.click("button");
            page.shows("output", count);
        }
        settled(&page, 2);
        assert_eq!(page.eval("seen.join()"), "");
    }

    fn a_machine_that_is_offline_says_so_and_comes_back_by_itself(scene) {
        let page = scene.open();
        page.expect_network_errors();
        page.set_offline(true);
        scene.proxy.cut();
        page.wait_for(&format!("{CONNECTION} === 'offline'"));
        banner(&page, "You are offline. Changes are sent later.");
        page.click("button");
        page.set_offline(false);
        page.wait_for_within(&format!("{CONNECTION} === 'online'"), Duration::from_secs(5));
        settled(&page, 1);
    }

    fn a_tab_that_was_frozen_is_fresh_at_once(scene) {
        let (sleeper, other) = (scene.open(), scene.open());
        sleeper.freeze();
        for count in 1..=3 {
            other.click("button");
            other.shows("output", count);
        }
        sleeper.resume();
        sleeper.wait_for_within(
            "document.querySelector('output').textContent === '3'",
            Duration::from_secs(5),
        );
        sleeper.click("button");
        settled(&sleeper, 4);
        settled(&other, 4);
    }

    fn back_and_forth_in_history_shows_what_is_so_now(scene) {
        let (page, other) = (scene.open(), scene.open());
        page.click("button");
        page.shows("output", 1);
        page.settled();
        page.goto("about:blank");
        other.click("button");
        other.shows("output", 2);
        page.back();
        page.online();
        page.shows("output", 2);
        page.click("button");
        page.shows("output", 3);
        other.shows("output", 3);
    }

    fn whoever_closes_the_first_tab_leaves_the_others_alive(scene) {
        let first = scene.open();
        let rest = [scene.open(), scene.open()];
        first.click("button");
        rest[1].shows("output", 1);
        first.close();
        rest[0].click("button");
        for page in &rest {
            page.wait_for_within(
                "document.querySelector('output').textContent === '2'",
                Duration::from_secs(5),
            );
            settled(page, 2);
        }
    }

    fn a_crashed_tab_leaves_the_others_alive(scene) {
        let first = scene.open();
        let rest = [scene.open(), scene.open()];
        first.crash();
        rest[0].click("button");
        for page in &rest {
            settled(page, 1);
        }
    }

    fn hiding_and_showing_a_tab_opens_no_stream(scene) {
        let page = scene.open();
        let before = scene.streams();
        for _ in 0..20 {
            page.hide();
            page.show();
        }
        page.click("button");
        settled(&page, 1);
        assert_eq!(scene.streams(), before);
    }

    fn an_answer_that_is_late_rolls_nothing_back(scene) {
        let page = scene.open();
        scene.proxy.rule(|request| match (request.is("action"), request.nth) {
            (true, 1) => Fate::Delay(Duration::from_millis(400)),
            _ => Fate::Pass,
        });
        page.eval(
            "window.seen = [];
             new MutationObserver(() => seen.push(Number(document.querySelector('output').textContent)))
                 .observe(document.body, { childList: true, characterData: true, subtree: true });",
        );
        page.click("button");
        page.click("button");
        settled(&page, 2);
        assert_eq!(page.eval("seen.every((count, at) => at === 0 || count >= seen[at - 1])"), true);
    }

    fn two_hundred_clicks_over_a_bad_proxy_count_200(scene) {
        let page = scene.open();
        page.expect_network_errors();
        // More clicks in a second than a session may make: the server refuses them, and the client repeats them.
        page.expect("429");
        scene.proxy.rule(|request| match (request.is("action"), request.nth % 10) {
            (true, 3) => Fate::DropAnswer,
            (true, 5) => Fate::Delay(Duration::from_millis(30)),
            (true, 7) => Fate::Twice,
            (true, 9) => Fate::DropRequest,
            _ => Fate::Pass,
        });
        for _ in 0..200 {
            page.click("button");
        }
        page.wait_for_within(
            "!document.querySelector('[data-via-pending]')",
            Duration::from_mins(1),
        );
        settled(&page, 200);
    }

    fn what_a_script_removed_is_whole_after_the_next_patch(scene) {
        let page = scene.open();
        page.eval("document.querySelector('output').remove()");
        page.click("button");
        page.shows("output", 1);
        page.eval("document.querySelector('main').replaceChildren()");
        let other = scene.open();
        other.click("button");
        other.shows("output", 2);
        page.wait_for("document.querySelector('main output')?.textContent === '2'");
        page.click("button");
        settled(&page, 3);
    }
}

#[test]
fn a_killed_worker_is_replaced_and_every_tab_goes_on() {
    let scene = Scene::new(Browser::shared().profile());
    let pages = [scene.open(), scene.open(), scene.open()];
    for count in 1..=2 {
        assert_eq!(scene.profile.end_shared_workers(), 1);
        pages[0].click("button");
        for page in &pages {
            page.wait_for_within(
                &format!("document.querySelector('output').textContent === '{count}'"),
                Duration::from_secs(5),
            );
        }
    }
    for page in &pages {
        settled(page, 2);
    }
}
