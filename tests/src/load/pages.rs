//! The app that is measured.

use std::{
    io::{self, Write as _},
    time::{Duration, Instant},
};

use via::prelude::*;

use super::{figures::rate, process};

const ROWS: usize = 1000;

/// The counter of the README.
#[via::page("/counter")]
struct Counter {
    #[state]
    count: i64,
    #[signal(default = 1)]
    step: i64,
}

#[via::actions]
impl Counter {
    fn increment(&mut self) {
        self.count += self.step;
    }
}

impl View for Counter {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            h1 { "Counter" }
            p { "Count: " output id="count" { (self.count) } }
            label { "Step " input type="number" data-bind=(cx.step()); }
            button data-on:click=(cx.increment()) { "Increment" }
        }
    }
}

/// A table of 1,000 rows and 5 columns. Each action changes one cell, and nothing helps the framework
/// find it.
#[via::page("/table")]
struct Table {
    #[state]
    touched: usize,
}

#[via::actions]
impl Table {
    fn touch(&mut self) {
        self.touched += 1;
    }
}

impl Table {
    /// How often the row was touched, if the touches go from row to row in turn.
    fn touches(&self, row: usize) -> usize {
        self.touched / ROWS + usize::from(row < self.touched % ROWS)
    }
}

impl View for Table {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            h1 { "Goods" }
            button data-on:click=(cx.touch()) { "Touch" }
            table {
                thead { tr { th { "#" } th { "Name" } th { "Price" } th { "Touched" } th { "State" } } }
                tbody {
                    @for row in 0..ROWS {
                        tr class="row" {
                            td { (row) }
                            td class="name" { "Some name of goods" }
                            td { (row * 7) }
                            td { (self.touches(row)) }
                            td { "in stock" }
                        }
                    }
                }
            }
        }
    }
}

/// A value of the application that every session sees.
#[via::page("/app")]
struct Shared {
    #[state(app)]
    value: u64,
}

#[via::actions]
impl Shared {
    fn bump(&mut self) {
        self.value += 1;
    }
}

impl View for Shared {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            h1 { "For everybody" }
            p { "Value: " output id="value" { (self.value) } }
            button data-on:click=(cx.bump()) { "Bump" }
        }
    }
}

/// A page of 200 kB that every session sees, and that changes as a whole.
#[via::page("/wall")]
struct Wall {
    #[state(app)]
    painted: u64,
}

#[via::actions]
impl Wall {
    fn paint(&mut self) {
        self.painted += 1;
    }
}

impl View for Wall {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            p { (" ".repeat(200_000)) (self.painted) }
            button data-on:click=(cx.paint()) { "Paint" }
        }
    }
}

/// How often a second this core can print the table's view if it does nothing else.
pub(super) fn renders_of_the_table(time: Duration) -> f64 {
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < time {
        let html = via::__private::render(&Table { touched: count });
        std::hint::black_box(html);
        count += 1;
    }
    rate(count, began.elapsed())
}

/// Serves the app on core 0 until the process is told to stop. Prints its address.
pub(super) fn serve() -> io::Result<()> {
    process::pin(0)?;
    let store = std::env::var("VIA_STORE").unwrap_or_else(|_| "memory:".into());
    // As many workers as there are cores: one.
    let runtime = tokio::runtime::Runtime::new()?;
    runtime
        .block_on(async {
            let server = via::App::new()
                .store(via::store::open(&store).await?)
                // The rate limit is for visitors; here it would limit what is measured.
                .action_rate(1_000_000, 1_000_000)
                .new_sessions_per_address(u32::MAX, u32::MAX)
                .streams_per_address(usize::MAX)
                .page::<Counter>()
                .page::<Table>()
                .page::<Shared>()
                .page::<Wall>()
                .bind("127.0.0.1:0")
                .await?;
            say(&server.address().to_string());
            server.run().await
        })
        .map_err(io::Error::other)
}

/// Tells the parent process.
pub(super) fn say(text: &str) {
    let mut out = io::stdout().lock();
    // The parent process may have ended.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
