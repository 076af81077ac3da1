use via::prelude::*;

#[derive(Default, via::SignalValue)]
struct Range(i64, i64);

#[via::page("/")]
struct Todos {
    #[signal]
    range: Range,
}

impl View for Todos {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! { input data-bind=(cx.range()); }
    }
}

fn main() {}
