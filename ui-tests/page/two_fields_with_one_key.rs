use via::prelude::*;

#[via::page("/room/{room}")]
struct Room {
    #[param]
    room: String,
    #[state(shared = "room/{room}")]
    log: Vec<String>,
    #[state(shared = "room/lobby")]
    lobby: Vec<String>,
    #[state(key = "cart")]
    cart: u8,
    #[state(key = "cart")]
    basket: u8,
    #[state(rename = "cart2")]
    old: u8,
    #[state]
    cart2: u8,
}

impl View for Room {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
