use via::prelude::*;

fn to_wide(old: u8) -> u16 {
    u16::from(old)
}

fn to_text(old: u16) -> String {
    old.to_string()
}

#[via::page("/{building}/room/{room}")]
struct Room {
    #[param]
    building: String,
    #[param]
    room: u32,
    #[state(app)]
    visits: u64,
    #[state(app, key = "banner", default = "Welcome".to_owned())]
    banner: String,
    #[state(shared = "room/{building}/{room}", ttl = "24h")]
    log: Vec<String>,
    #[state(shared = "everywhere")]
    all: u8,
    #[state(key = "cart")]
    cart: Vec<u32>,
    #[state(tab, key = "cart")]
    of_tab: u8,
    #[state(rename = "old")]
    new: u8,
    #[state(rename = "Before.name")]
    name: String,
    #[state(version = 2, migrate = to_wide)]
    wide: u16,
    #[state(version = 3, migrate = [to_wide, to_text])]
    text: String,
    #[state(version = 4, migrate = [|old: Vec<u8>| old.len() as u64])]
    closure: u64,
    #[state(version = 2, migrate = [])]
    anew: u8,
}

impl View for Room {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            (self.building) (self.room) (self.visits) (self.banner) (self.log.len()) (self.all)
            (self.cart.len()) (self.of_tab) (self.new) (self.name) (self.wide) (self.text)
            (self.closure) (self.anew) (cx.principal().unwrap_or_default())
        }
    }
}
