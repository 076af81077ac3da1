//! The history check over three servers on one SQLite file.

use std::time::Duration;

use tempfile::TempDir;
use via_tests::history::crowd::Page;
use via_tests::history::scenario::{Ground, app};
use via_tests::server::Options;

use crate::TURN;

/// Three servers on a file, which vanishes with the directory.
fn ground() -> (Ground, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let ground = Ground {
        store: "sqlite",
        program: app(),
        options: Options::sqlite(directory.path()),
        servers: 3,
    };
    (ground, directory)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_nothing_happens() {
    let _turn = TURN.lock().await;
    let (ground, _directory) = ground();
    ground.rush(Page::Session, 172_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_on_values_that_sessions_share() {
    let _turn = TURN.lock().await;
    let (ground, _directory) = ground();
    ground.rush(Page::Rooms(4), 20_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_shown_at_once() {
    let _turn = TURN.lock().await;
    let (ground, _directory) = ground();
    ground.calm(1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_servers_are_killed() {
    let _turn = TURN.lock().await;
    let (ground, _directory) = ground();
    ground.kills(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_connections_are_cut() {
    let _turn = TURN.lock().await;
    let (ground, _directory) = ground();
    ground.cuts(Page::Session, 10_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_on_values_that_sessions_share_when_connections_are_cut() {
    let _turn = TURN.lock().await;
    let (ground, _directory) = ground();
    ground.cuts(Page::Rooms(4), 2_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_requests_come_twice_and_answers_are_lost() {
    let _turn = TURN.lock().await;
    let (ground, _directory) = ground();
    ground.doubles(20_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_a_server_is_stopped_and_wakes_up() {
    let (ground, _directory) = ground();
    ground.pause(Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_rolling_restarts_lose_and_double_nothing_and_reload_no_page() {
    let _turn = TURN.lock().await;
    let (ground, _directory) = ground();
    ground.rolling(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_are_shown_everything_when_no_notice_gets_through() {
    let (ground, _directory) = ground();
    ground.silence(Duration::from_secs(30)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_log_outs_race_against_slow_actions_and_nothing_comes_back() {
    let _turn = TURN.lock().await;
    let (ground, _directory) = ground();
    ground.log_outs(1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_where_the_last_writer_wins_is_found_out() {
    let _turn = TURN.lock().await;
    let (ground, _directory) = ground();
    ground.is_found_out("last-write-wins", 1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_acknowledges_before_it_commits_is_found_out() {
    let _turn = TURN.lock().await;
    let (ground, _directory) = ground();
    ground.is_found_out("early", 1_000).await;
}
