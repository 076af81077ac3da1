#[via::page("/")]
struct Counter {
    count: i64,
}

fn main() {}
