use via::prelude::*;

#[via::page("/")]
struct Counter {
    #[state]
    count: i64,
    #[signal(default = 1)]
    step: i64,
}

#[via::actions]
impl Counter {
    fn increment(&mut self) {
        self.count += self.step;
    }

    fn add(&mut self, amount: i64) {
        self.count += amount;
    }
}

impl View for Counter {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            output { (self.count) }
            input data-bind=(cx.step());
            button data-on:click=(cx.increment()) { "Increment" }
            button data-on:click=(cx.add(5)) { "Add" }
        }
    }
}
