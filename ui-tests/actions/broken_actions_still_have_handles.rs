use via::prelude::*;

#[via::page("/")]
struct Counter {
    #[state]
    count: i64,
}

#[via::actions]
impl Counter {
    async fn save(&mut self) {}

    fn add(&mut self, amount: i64) {
        self.count += amount;
    }
}

impl View for Counter {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            button data-on:click=(cx.save()) { "Save" }
            button data-on:click=(cx.add(1)) { "Add" }
        }
    }
}

fn main() {}
