//! A page whose state is a log of all actions, for tests that count what is missing.

use via::prelude::*;

#[via::page("/")]
struct Logbook {
    #[state]
    log: Vec<(u64, u64)>,
}

#[via::actions]
impl Logbook {
    fn add(&mut self, tab: u64, number: u64) {
        self.log.push((tab, number));
    }
}

impl View for Logbook {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            // Before the part that grows, so that the buttons do not move while somebody clicks them.
            @for n in 0..10 {
                button id={ "add-" (n) } data-on:click=(cx.add(0, n)) { (n) }
            }
            output id="log" {
                @for (tab, number) in &self.log { (tab) ":" (number) " " }
            }
            output id="length" { (self.log.len()) }
        }
    }
}

#[tokio::main]
async fn main() -> via::Result<()> {
    let var = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    via::App::new()
        .store(via::store::open(&var("VIA_STORE")).await?)
        .page::<Logbook>()
        // Tests act as often as they can.
        .action_rate(1_000_000, 1_000_000)
        .new_sessions_per_address(u32::MAX, u32::MAX)
        .bind(var("VIA_ADDR"))
        .await?
        .run()
        .await
}
