#[via::page("/")]
struct Counter {
    #[state]
    #[signal]
    count: i64,
}

fn main() {}
