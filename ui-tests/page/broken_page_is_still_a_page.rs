use via::prelude::*;

#[via::page("/")]
struct Counter {
    count: i64,
    #[signal(tabs)]
    step: i64,
}

#[via::actions]
impl Counter {
    fn increment(&mut self) {
        self.count += self.step;
    }
}

impl View for Counter {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            output { (self.count) }
            input data-bind=(cx.step());
            button data-on:click=(cx.increment()) { "Increment" }
        }
    }
}

fn show<P: View>(_: &P) {}

fn is_shown(counter: &Counter) {
    show(counter);
}

fn main() {}
