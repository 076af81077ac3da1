#[via::page("/room")]
struct Room {
    #[state(shared = "/room/", ttl = "soon")]
    log: Vec<String>,
    #[state(shared = "room", app)]
    both: u8,
    #[state(ttl = "1h")]
    lonely: u8,
    #[state(shared = "room", key = "room")]
    twice: u8,
    #[state(shared)]
    nothing: u8,
    #[state(key = "a/b")]
    slash: u8,
    #[state(rename = "same")]
    same: u8,
    #[state(shared = "gone", ttl = "0s")]
    gone: u8,
}

fn main() {}
