#[via::page("/")]
struct Counter {
    #[state(local)]
    count: i64,
}

fn main() {}
