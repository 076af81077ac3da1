use via::prelude::*;

#[via::page("/room/{room}")]
struct Room {
    #[param]
    room: String,
    #[state(shared = "room/{rom}")]
    log: Vec<String>,
}

impl View for Room {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! { (self.room) (self.log.len()) }
    }
}

fn main() {}
