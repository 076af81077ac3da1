use via::prelude::*;

#[via::page("/")]
struct Counter {
    #[state(default = "three")]
    count: i64,
}

impl View for Counter {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
