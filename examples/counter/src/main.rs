//! A counter whose state survives refresh, restart and deploy, and which all tabs share.

use via::prelude::*;

#[via::page("/")]
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
            main {
                h1 { "Counter" }
                p { "Count: " output { (self.count) } }
                label { "Step " input type="number" data-bind=(cx.step()); }
                button data-on:click=(cx.increment()) { "Increment" }
                footer { "Open a second tab, reload, or restart the server: it keeps counting." }
            }
        }
    }
}

#[tokio::main]
async fn main() -> via::Result<()> {
    let var = |name, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let server = via::App::new()
        .store(via::store::open(&var("VIA_STORE", "sqlite://counter.db")).await?)
        .stylesheet(include_str!("counter.css"))
        .page::<Counter>()
        .bind(var("VIA_ADDR", "127.0.0.1:3000"))
        .await?;
    eprintln!("The counter is at http://{}", server.address());
    server.run().await
}

/// A review shows what is stored and how that changes. `VIA_SCHEMA=write cargo test` accepts a change.
#[test]
fn what_is_stored_is_what_the_committed_description_says() {
    via::testing::check_schema(&via::App::new().page::<Counter>(), "via-schema.json");
}
