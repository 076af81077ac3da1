//! Three servers on one store behind a proxy without stickiness: browsers do not notice.

use tempfile::TempDir;
use via_tests::chromium::Browser;
use via_tests::nginx::Nginx;
use via_tests::redis::Redis;
use via_tests::server::{Options, Server};

/// Two tabs of one person and a tab of another click at random servers while one
/// server is killed and another one restarts.
fn everybody_goes_on(options: impl Fn() -> Options) {
    let program = Server::build("counter-example");
    let mut servers = [(); 3].map(|()| program.start(options()));
    let nginx = Nginx::start(&servers.each_ref().map(Server::address));
    let (anna, berta) = (Browser::shared().profile(), Browser::shared().profile());
    let tabs = [anna.open(&nginx.url("/")), anna.open(&nginx.url("/"))];
    let other = berta.open(&nginx.url("/"));
    for page in tabs.iter().chain([&other]) {
        page.expect_network_errors();
        page.online();
        page.mark_document();
    }
    let mut clicks = 0;
    let mut click_everywhere = || {
        for _ in 0..4 {
            for page in tabs.iter().chain([&other]) {
                page.click("button");
            }
            clicks += 1;
        }
        for page in &tabs {
            page.shows("output", 2 * clicks);
        }
        other.shows("output", clicks);
    };
    click_everywhere();
    servers[0].kill();
    click_everywhere();
    servers[0].restart();
    servers[1].terminate();
    click_everywhere();
    servers[1].restart();
    servers[2].kill();
    click_everywhere();
    for page in tabs.iter().chain([&other]) {
        page.online();
        page.assert_same_document();
        assert_eq!(page.navigations(), 1);
    }
}

#[test]
fn nobody_notices_that_servers_come_and_go_on_sqlite() {
    let directory = TempDir::new().unwrap();
    everybody_goes_on(|| Options::sqlite(directory.path()));
}

#[test]
fn nobody_notices_that_servers_come_and_go_on_redis() {
    let redis = Redis::start_logging();
    everybody_goes_on(|| Options {
        store_url: redis.url(),
        ..Options::default()
    });
}
