use via::prelude::*;

fn to_text(old: u8) -> String {
    old.to_string()
}

#[via::page("/")]
struct Page {
    #[state(version = 2, migrate = to_text)]
    number: u64,
}

impl View for Page {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! { (self.number) }
    }
}

fn main() {}
