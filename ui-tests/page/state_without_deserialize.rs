use via::prelude::*;

#[derive(Clone, Default, serde::Serialize)]
struct Todo {
    done: bool,
}

#[via::page("/")]
struct Todos {
    #[state]
    first: Todo,
}

impl View for Todos {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
