use via::prelude::*;

#[via::page("/")]
struct Shop {
    #[signal]
    open: bool,
    #[signal]
    count: i64,
    #[signal]
    size: u32,
    #[signal]
    ratio: f32,
    #[signal]
    query: String,
    #[signal]
    maybe: Option<i64>,
    #[signal]
    tags: Vec<u32>,
}

impl View for Shop {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! { p data-show=(cx.count() < 1) {} }
    }
}

fn main() {}
