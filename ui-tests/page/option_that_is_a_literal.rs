#[via::page("/")]
struct Counter {
    #[state(3)]
    count: i64,
}

fn main() {}
