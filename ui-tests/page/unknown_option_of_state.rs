#[via::page("/")]
struct Counter {
    #[state(shared)]
    count: i64,
}

fn main() {}
