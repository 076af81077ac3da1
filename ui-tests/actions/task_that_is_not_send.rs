use via::prelude::*;

#[via::page("/")]
struct Counter {
    #[state]
    count: i64,
}

#[via::actions]
impl Counter {
    async fn save(_task: Task<Self>) {
        let text = std::rc::Rc::new(1);
        std::future::ready(()).await;
        drop(text);
    }
}

impl View for Counter {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
