use via::prelude::*;

struct Full;

#[via::page("/")]
struct Counter {
    #[state]
    count: i64,
}

#[via::actions]
impl Counter {
    fn add(&mut self) -> Result<(), Full> {
        Err(Full)
    }
}

impl View for Counter {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
