use via::prelude::*;

#[via::page("/")]
struct Todos {
    #[signal]
    names: Vec<String>,
}

impl View for Todos {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
