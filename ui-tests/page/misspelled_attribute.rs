#[via::page("/")]
struct Counter {
    #[stat]
    count: i64,
}

fn main() {}
