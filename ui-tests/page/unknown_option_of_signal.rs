#[via::page("/")]
struct Counter {
    #[signal(debounce)]
    count: i64,
}

fn main() {}
