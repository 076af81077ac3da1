use via::prelude::*;

#[via::page("/")]
struct Todos {
    #[signal]
    since: std::time::Duration,
}

impl View for Todos {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
