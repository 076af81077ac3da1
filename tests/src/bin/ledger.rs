//! A page whose state is the fold of all that was done to it, for the history check: once in the
//! session, once under a key that all sessions share.

use std::time::Duration;

use via::prelude::*;
use via_tests::history::book::Book;
use via_tests::twisted::Twisted;

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

    /// Takes its time, as user code may.
    fn add_slowly(&mut self, tab: u64, number: u64) {
        std::thread::sleep(Duration::from_micros(500));
        self.book.add(tab, number);
    }

    fn log_in(&mut self, fx: &mut Effects) {
        fx.session().login("anna");
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

#[tokio::main]
async fn main() -> via::Result<()> {
    let var = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    via::App::new()
        .store(Twisted::from_env(
            via::store::open(&var("VIA_STORE")).await?,
        ))
        .page::<Ledger>()
        .page::<Room>()
        // Tabs of this check act as fast as they can.
        .action_rate(1_000_000, 1_000_000)
        .bind(var("VIA_ADDR"))
        .await?
        .run()
        .await
}
