//! 64 callers that commit to a store as fast as it answers, without a server in front of it: how much
//! the store itself gets out of its medium.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{runtime::Runtime, task::JoinSet};
use via::store::{
    self, Change, Commit, CommitId, CommitOutcome, Expect, Expiry, Key, Put, Store, Timestamp,
    Write,
};

use crate::load::{
    figures::{Line as Report, median, micros, percentile, rate},
    medium::{Medium, on_core_0},
};

const CALLERS: usize = 64;

/// What they commit: about as much as a small session.
const DOCUMENT: [u8; 400] = [b'x'; 400];

/// Measures one store.
pub(crate) fn run(name: &str, rounds: usize, time: Duration) -> io::Result<()> {
    let mut medium = Medium::new(name)?;
    let url = medium.url("alone.db");
    let (runtime, store) = on_core_0(|| {
        // As many workers as there are cores: one.
        let runtime = Runtime::new()?;
        let store = runtime.block_on(store::open(&url));
        Ok((runtime, store.map_err(io::Error::other)?))
    })?;
    let mut callers: Vec<_> = (0..CALLERS).filter_map(Caller::new).collect();
    let (mut rates, mut bare, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        bare.extend(medium.bare(CALLERS, time / 2)?);
        let began = Instant::now();
        let mut took;
        (callers, took) = runtime.block_on(round(&store, callers, began + time))?;
        rates.push(rate(took.len(), began.elapsed()));
        all.append(&mut took);
    }
    let shares: Vec<_> = rates
        .iter()
        .zip(&bare)
        .map(|(own, bare)| own / bare)
        .collect();
    let has_floor = !bare.is_empty();
    Report::new("commits")
        .text("store", name)
        .count("callers", CALLERS)
        .count("rounds", rounds)
        .figure("per_second", median(&rates))
        .figure("p50_us", micros(percentile(&mut all, 0.5)))
        .figure("p99_us", micros(percentile(&mut all, 0.99)))
        .perhaps("floor_per_second", has_floor.then(|| median(&bare)))
        .perhaps("ratio", has_floor.then(|| median(&shares)))
        .figures("each_per_second", &rates)
        .say();
    Ok(())
}

/// Lets all callers commit until `ends`. Returns them, and how long each commit took.
async fn round(
    store: &Arc<dyn Store>,
    callers: Vec<Caller>,
    ends: Instant,
) -> io::Result<(Vec<Caller>, Vec<Duration>)> {
    let mut tasks = JoinSet::new();
    for mut caller in callers {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            let mut took = Vec::new();
            while Instant::now() < ends {
                let began = Instant::now();
                caller.commit(&*store).await?;
                took.push(began.elapsed());
            }
            Ok::<_, io::Error>((caller, took))
        });
    }
    let mut all = (Vec::new(), Vec::new());
    for done in tasks.join_all().await {
        let (caller, mut took) = done?;
        all.0.push(caller);
        all.1.append(&mut took);
    }
    Ok(all)
}

/// A caller that replaces one document again and again.
#[derive(Debug)]
struct Caller {
    key: Key,
    expect: Expect,
    /// The id of its latest commit; no other caller has ids near it.
    id: u128,
}

impl Caller {
    fn new(number: usize) -> Option<Self> {
        Some(Self {
            key: Key::new(format!("caller/{number}"))?,
            expect: Expect::Absent,
            id: (number as u128) << 64,
        })
    }

    async fn commit(&mut self, store: &dyn Store) -> io::Result<()> {
        self.id += 1;
        let put = Put {
            bytes: Bytes::from_static(&DOCUMENT),
            expiry: Expiry {
                idle_until: Timestamp::from_millis(1_000_000),
                absolute: Timestamp::NEVER,
            },
            owner: None,
        };
        let write = Write {
            key: self.key.clone(),
            expect: self.expect,
            change: Change::Put(put),
        };
        let commit = Commit {
            id: CommitId(self.id),
            now: Timestamp::from_millis(0),
            writes: vec![write],
        };
        match store.commit(commit).await.map_err(io::Error::other)? {
            CommitOutcome::Committed(versions) => {
                self.expect = Expect::At(versions[0]);
                Ok(())
            }
            other => Err(io::Error::other(format!("a commit ended as {other:?}"))),
        }
    }
}
