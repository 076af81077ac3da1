//! Behind an nginx with no settings for streams.

use std::time::{Duration, Instant};

use via_tests::chromium::Browser;
use via_tests::client::{Action, Visitor};
use via_tests::nginx::Nginx;
use via_tests::server::{Options, Server};

/// Neither its buffers, nor its compression, nor its HTTP/1.0 towards servers hold frames back.
#[tokio::test(flavor = "multi_thread")]
async fn frames_come_through_nginx_at_once() {
    let server = Server::build("counter-example").start(Options::default());
    let nginx = Nginx::start(&[server.address()]);
    let visitor = Visitor::new(nginx.address());
    let page = visitor.get("/").await;
    page.assert_ok();
    let tab = visitor.attach("/").await;
    let mut stream = visitor.stream(&[&tab]).await;
    stream.next().await;
    let mut waits = Vec::new();
    for _ in 0..50 {
        let began = Instant::now();
        let action = Action::new("Counter::increment").signal("step", 1);
        tab.act_until_acknowledged(action).await.assert_ok();
        stream.named("datastar-patch-elements").await;
        waits.push(began.elapsed());
    }
    waits.sort_unstable();
    // If nginx buffers a frame, it waits for the next heartbeat, 20 seconds away.
    let median = waits[waits.len() / 2];
    assert!(median < Duration::from_millis(100), "{waits:?}");
}

#[test]
fn a_browser_behind_nginx_sees_every_click_in_both_tabs() {
    let server = Server::build("counter-example").start(Options::default());
    let nginx = Nginx::start(&[server.address()]);
    let profile = Browser::shared().profile();
    let tabs = [profile.open(&nginx.url("/")), profile.open(&nginx.url("/"))];
    for tab in &tabs {
        tab.online();
    }
    for count in 1..=10 {
        tabs[count % 2].click("button");
        for tab in &tabs {
            tab.shows("output", count);
        }
    }
}
