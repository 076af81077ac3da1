//! The history check over one server whose store is in memory.

use std::time::Duration;

use via_tests::history::crowd::Page;
use via_tests::history::scenario::{Ground, app};
use via_tests::server::Options;

use crate::TURN;

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
    let _turn = TURN.lock().await;
    ground().rush(Page::Session, 172_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_on_values_that_sessions_share() {
    let _turn = TURN.lock().await;
    ground().rush(Page::Rooms(4), 20_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_shown_at_once() {
    let _turn = TURN.lock().await;
    ground().calm(1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_connections_are_cut() {
    let _turn = TURN.lock().await;
    ground().cuts(Page::Session, 10_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_on_values_that_sessions_share_when_connections_are_cut() {
    let _turn = TURN.lock().await;
    ground().cuts(Page::Rooms(4), 2_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_requests_come_twice_and_answers_are_lost() {
    let _turn = TURN.lock().await;
    ground().doubles(20_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_the_server_is_stopped_and_wakes_up() {
    ground().pause(Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_acknowledges_before_it_commits_is_found_out() {
    let _turn = TURN.lock().await;
    ground().is_found_out("early", 1_000).await;
}
