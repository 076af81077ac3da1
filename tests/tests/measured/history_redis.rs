//! The history check over three servers on one Redis.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use via_tests::history::crowd::Page;
use via_tests::history::scenario::{Ground, app};
use via_tests::patience::eventually;
use via_tests::redis::Redis;
use via_tests::server::Options;

use crate::TURN;

/// Three servers on a Redis with these flush settings.
fn ground(flush: &str) -> (Ground, Redis) {
    let redis = Redis::start(&["appendonly yes", flush]);
    let ground = Ground {
        store: "redis",
        program: app(),
        options: Options {
            store_url: redis.url(),
            ..Options::default()
        },
        servers: 3,
    };
    (ground, redis)
}

const EVERY_SECOND: &str = "appendfsync everysec";
const ALWAYS: &str = "appendfsync always";

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_nothing_happens() {
    let _turn = TURN.lock().await;
    let (ground, _redis) = ground(EVERY_SECOND);
    ground.rush(Page::Session, 172_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_on_values_that_sessions_share() {
    let _turn = TURN.lock().await;
    let (ground, _redis) = ground(EVERY_SECOND);
    ground.rush(Page::Rooms(4), 20_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_shown_at_once() {
    let _turn = TURN.lock().await;
    let (ground, _redis) = ground(EVERY_SECOND);
    ground.calm(1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_servers_are_killed() {
    let _turn = TURN.lock().await;
    let (ground, _redis) = ground(EVERY_SECOND);
    ground.kills(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_connections_are_cut() {
    let _turn = TURN.lock().await;
    let (ground, _redis) = ground(EVERY_SECOND);
    ground.cuts(Page::Session, 10_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_on_values_that_sessions_share_when_connections_are_cut() {
    let _turn = TURN.lock().await;
    let (ground, _redis) = ground(EVERY_SECOND);
    ground.cuts(Page::Rooms(4), 2_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_requests_come_twice_and_answers_are_lost() {
    let _turn = TURN.lock().await;
    let (ground, _redis) = ground(EVERY_SECOND);
    ground.doubles(20_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_a_server_is_stopped_and_wakes_up() {
    let (ground, _redis) = ground(EVERY_SECOND);
    ground.pause(Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_rolling_restarts_lose_and_double_nothing_and_reload_no_page() {
    let _turn = TURN.lock().await;
    let (ground, _redis) = ground(EVERY_SECOND);
    ground.rolling(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_are_shown_everything_when_no_notice_gets_through() {
    let (ground, _redis) = ground(EVERY_SECOND);
    ground.silence(Duration::from_secs(30)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_log_outs_race_against_slow_actions_and_nothing_comes_back() {
    let _turn = TURN.lock().await;
    let (ground, _redis) = ground(EVERY_SECOND);
    ground.log_outs(1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_when_servers_cannot_reach_the_store_for_a_while() {
    let _turn = TURN.lock().await;
    let (ground, redis) = ground(EVERY_SECOND);
    ground
        .partitions(redis.address(), |address| format!("redis://{address}"))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_redis_that_flushes_always_loses_nothing() {
    let _turn = TURN.lock().await;
    let (ground, mut redis) = ground(ALWAYS);
    ground.store_kills(10, || redis.restart()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_flushes_every_second_loses_at_most_two_and_every_loss_is_told() {
    let _turn = TURN.lock().await;
    let (ground, redis) = ground(EVERY_SECOND);
    let mut power = Power::watch(redis).await;
    ground.store_losses(3, WINDOW, || power.fail()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_are_told_when_a_redis_that_flushes_every_second_has_lost_their_session() {
    let _turn = TURN.lock().await;
    let (ground, redis) = ground(EVERY_SECOND);
    let mut power = Power::watch(redis).await;
    ground.store_loses_sessions(WINDOW, || power.fail()).await;
}

/// What such a Redis may lose.
const WINDOW: Duration = Duration::from_secs(2);

/// The power supply of a Redis. If it fails, the writes of the last second are lost.
struct Power {
    redis: Redis,
    log: PathBuf,
    /// How long the log was, and when.
    sizes: Arc<Mutex<Vec<(Instant, u64)>>>,
    watching: JoinHandle<()>,
}

impl Power {
    async fn watch(redis: Redis) -> Self {
        let log = log_of(&redis);
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let (noted, watched) = (Arc::clone(&sizes), log.clone());
        let watching = tokio::spawn(async move {
            loop {
                // Under the lock, so that the size is not from before a cut.
                if let Ok(mut noted) = noted.lock() {
                    let size = fs::metadata(&watched).unwrap().len();
                    noted.push((Instant::now(), size));
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        // Until then it is unknown what was flushed a second ago.
        eventually("the log was watched for a second", async || {
            let first: Option<(Instant, u64)> = sizes.lock().unwrap().first().copied();
            first.filter(|(at, _)| at.elapsed() > Duration::from_secs(1))
        })
        .await;
        Self {
            redis,
            log,
            sizes,
            watching,
        }
    }

    fn fail(&mut self) {
        self.redis.kill();
        let flushed = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
        let mut sizes = self.sizes.lock().unwrap();
        let (_, kept) = *sizes.iter().rev().find(|(at, _)| *at <= flushed).unwrap();
        let file = OpenOptions::new().write(true).open(&self.log).unwrap();
        file.set_len(kept).unwrap();
        // What is left is on the disk, even if the power fails again within the next second.
        *sizes = vec![(flushed, kept)];
        drop(sizes);
        self.redis.restart();
    }
}

impl Drop for Power {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

/// The file that commands are appended to.
fn log_of(redis: &Redis) -> PathBuf {
    let directory = redis.directory().join("appendonlydir");
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with(".incr.aof"))
        .expect("a file of commands")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_where_the_last_writer_wins_is_found_out() {
    let _turn = TURN.lock().await;
    let (ground, _redis) = ground(EVERY_SECOND);
    ground.is_found_out("last-write-wins", 1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_acknowledges_before_it_commits_is_found_out() {
    let _turn = TURN.lock().await;
    let (ground, _redis) = ground(EVERY_SECOND);
    ground.is_found_out("early", 1_000).await;
}
