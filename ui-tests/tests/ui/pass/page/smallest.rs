use via::prelude::*;

#[via::page("/")]
struct Hello;

impl View for Hello {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! { "Hello" }
    }
}
