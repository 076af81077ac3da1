use via::prelude::*;

#[via::page("/")]
struct Counter {
    #[state]
    count: i64,
}

#[via::actions]
impl std::ops::AddAssign<i64> for Counter {
    fn add_assign(&mut self, amount: i64) {
        self.count += amount;
    }
}

impl View for Counter {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
