use via::prelude::*;

#[via::page("/")]
struct Counter {
    #[state]
    count: i64,
}

#[via::actions]
impl Counter {
    fn increment(&mut self) {
        self.count += 1;
    }
}

#[via::actions]
impl Counter {
    fn decrement(&mut self) {
        self.count -= 1;
    }
}

impl View for Counter {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
