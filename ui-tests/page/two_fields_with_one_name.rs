#[via::page("/")]
struct Counter {
    #[state]
    count: i64,
    #[signal]
    count: i64,
}

fn main() {}
