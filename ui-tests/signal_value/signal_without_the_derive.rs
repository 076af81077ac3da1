use via::prelude::*;

#[derive(Default)]
enum Show {
    #[default]
    All,
    Open,
}

#[via::page("/")]
struct Todos {
    #[signal]
    show: Show,
}

impl View for Todos {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
