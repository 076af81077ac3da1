use via::prelude::*;

#[via::page("/")]
struct Counter {
    #[state]
    total: i64,
    #[signal]
    step: i64,
}

#[via::actions]
impl Counter {
    fn add(&mut self, amount: i64) {
        self.total += amount * self.step;
    }
}

impl View for Counter {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! { button data-text=(cx.total()) { "Add" } }
    }
}

fn main() {}
