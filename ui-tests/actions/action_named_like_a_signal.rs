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
    fn step(&mut self) {
        self.count += self.step;
    }
}

impl View for Counter {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
