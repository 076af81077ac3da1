use via::prelude::*;

use std::cell::Cell;

#[via::page("/")]
struct Counter {
    #[state]
    count: Cell<i64>,
}

impl View for Counter {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
