use via::prelude::*;

#[via::page("/")]
struct Todos {
    #[state]
    all: Vec<String>,
    #[signal]
    draft: String,
}

#[via::actions]
impl Todos {
    fn remove(&mut self, place: usize) {
        self.all.remove(place);
    }
}

impl Todos {
    fn row(&self, cx: &Cx<Self>, place: usize) -> Markup {
        html! {
            li { (self.all[place]) button data-on:click=(cx.remove(place)) { "Remove" } }
        }
    }
}

impl View for Todos {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            input data-bind=(cx.draft());
            ul { @for place in 0..self.all.len() { (self.row(cx, place)) } }
        }
    }

    fn head(&self, _: &Cx<Self>) -> Markup {
        html! { title { "Todos: " (self.all.len()) } }
    }
}
