use via::prelude::*;

struct Amount(i64);

#[via::page("/")]
struct Counter {
    #[state]
    count: i64,
}

#[via::actions]
impl Counter {
    fn add(&mut self, amount: Amount) {
        self.count += amount.0;
    }
}

impl View for Counter {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
