use via::prelude::*;

#[via::page("/")]
struct Counter {
    #[state]
    count: i64,
}

#[via::actions]
impl Counter {
    fn increment(&mut self) {
        self.count += Self::step();
    }

    fn step() -> i64 {
        1
    }
}

impl View for Counter {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
