use via::prelude::*;

#[via::page("/")]
struct Counter;

#[via::actions]
impl Counter {}

impl View for Counter {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}
