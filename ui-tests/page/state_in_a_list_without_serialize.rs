use via::prelude::*;

#[derive(Clone, serde::Deserialize)]
struct Todo {
    done: bool,
}

#[via::page("/")]
struct Todos {
    #[state]
    all: Vec<Todo>,
}

impl View for Todos {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
