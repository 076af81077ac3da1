use via::prelude::*;

#[via::page("/")]
struct Counter {
    #[state]
    count: i64,
    #[signal]
    step: i64,
}

#[via::actions]
impl Counter {
    fn add(&mut self, amount: i64) {
        self.count += amount * self.step;
    }
}

impl View for Counter {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! { button data-on:click=(cx.add()) { "Add" } }
    }
}

fn main() {}
