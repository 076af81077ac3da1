//! A page whose state is the fold of all actions, for the history check: once in the session, once
//! under a key that all sessions share.
//!
//! Its store can be wrong, or silent. The history check must detect that it is wrong, and must work
//! while it is silent.
//!
//! | environment | what it does |
//! |---|---|
//! | `LEDGER_TWIST=last-write-wins` | a commit that lost to another one is written all the same |
//! | `LEDGER_TWIST=early` | a commit is acknowledged first, and written a moment later |
//! | `LEDGER_SILENCE=path` | while a file exists at this path, no notice gets through |

use std::path::PathBuf;
use std::time::Duration;

use via::prelude::*;
use via_tests::history::book::Book;
use via_tests::stores::{Fault, Faulty, Operation};

#[via::page("/")]
struct Ledger {
    #[state]
    book: Book,
}

#[via::actions]
impl Ledger {
    fn add(&mut self, tab: u64, number: u64, fx: &mut Effects) {
        self.book.add(tab, number);
        fx.toast(self.book.sight().to_string());
    }

    /// Takes some time, as user code may.
    fn add_slowly(&mut self, tab: u64, number: u64) {
        std::thread::sleep(Duration::from_micros(500));
        self.book.add(tab, number);
    }

    fn log_in(&mut self, fx: &mut Effects) -> Result<(), via::EffectError> {
        fx.session().login("anna")
    }

    fn log_out(&mut self, fx: &mut Effects) {
        fx.session().logout();
    }
}

impl View for Ledger {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! { output id="book" { (self.book) } }
    }
}

#[via::page("/room/{room}")]
struct Room {
    #[param]
    room: String,
    #[state(shared = "room/{room}")]
    book: Book,
}

#[via::actions]
impl Room {
    fn add(&mut self, tab: u64, number: u64, fx: &mut Effects) {
        self.book.add(tab, number);
        fx.toast(self.book.sight().to_string());
    }
}

impl View for Room {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {
            h1 { (self.room) }
            output id="book" { (self.book) }
        }
    }
}

/// The store at a URL, with the faults that the environment asks for.
async fn store(url: &str) -> via::Result<Faulty> {
    let store = Faulty::without_log(via::store::open(url).await?);
    let twist = match std::env::var("LEDGER_TWIST").as_deref() {
        Err(_) | Ok("") => None,
        Ok("last-write-wins") => Some(Fault::LastWriteWins),
        Ok("early") => Some(Fault::Early),
        Ok(other) => panic!("there is no twist `{other}`"),
    };
    store.rule(move |call| {
        // Documents of the framework itself are left alone.
        let is_twisted = call.keys.iter().all(|key| {
            let key = key.as_str();
            key.starts_with("session/") || key.starts_with("shared/")
        });
        twist.filter(|_| call.operation == Operation::Commit && is_twisted)
    });
    if let Some(mark) = std::env::var_os("LEDGER_SILENCE").map(PathBuf::from) {
        store.lose_notices(move || mark.exists());
    }
    Ok(store)
}

#[tokio::main]
async fn main() -> via::Result<()> {
    let var = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    via::App::new()
        .store(store(&var("VIA_STORE")).await?)
        .page::<Ledger>()
        .page::<Room>()
        // Tabs of this check act as fast as they can.
        .action_rate(1_000_000, 1_000_000)
        .new_sessions_per_address(u32::MAX, u32::MAX)
        .bind(var("VIA_ADDR"))
        .await?
        .run()
        .await
}
