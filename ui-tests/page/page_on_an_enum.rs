#[via::page("/")]
enum Counter {
    Off,
    On(#[state] i64),
}

fn main() {}
