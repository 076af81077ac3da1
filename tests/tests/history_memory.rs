//! The history check over one server whose store is its memory.

use std::time::Duration;

use via_tests::history::crowd::Page;
use via_tests::history::scenario::{Ground, alone, app};
use via_tests::server::Options;

fn ground() -> Ground {
    Ground {
        store: "memory",
        program: app(),
        options: Options::default(),
        servers: 1,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_nothing_happens() {
    let _alone = alone().await;
    ground().rush(Page::Session, 172_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_on_values_that_sessions_share() {
    let _alone = alone().await;
    ground().rush(Page::Rooms(4), 20_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_shown_at_once() {
    let _alone = alone().await;
    ground().calm(1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_connections_are_cut() {
    let _alone = alone().await;
    ground().cuts(Page::Session, 10_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_on_values_that_sessions_share_when_connections_are_cut() {
    let _alone = alone().await;
    ground().cuts(Page::Rooms(4), 2_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_requests_come_twice_and_answers_are_lost() {
    let _alone = alone().await;
    ground().doubles(20_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_the_server_is_stopped_and_wakes_up() {
    ground().pause(Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_acknowledges_before_it_commits_is_found_out() {
    let _alone = alone().await;
    ground().is_found_out("early", 1_000).await;
}
