#[via::page("/")]
struct Counter {
    #[state(tab = true)]
    count: i64,
}

fn main() {}
