use via::prelude::*;

#[via::page("/todo/{ids}")]
struct Todo {
    #[param]
    ids: Vec<u64>,
}

impl View for Todo {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
