use via::prelude::*;

#[via::page("/about")]
struct About {}

impl View for About {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! { "About" }
    }
}
