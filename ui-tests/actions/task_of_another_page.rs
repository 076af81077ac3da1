use via::prelude::*;

#[via::page("/")]
struct Counter {}

#[via::page("/about")]
struct About {}

#[via::actions]
impl Counter {
    async fn save(_task: Task<About>) {}
}

impl View for About {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

impl View for Counter {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
