#[via::page("/")]
struct Counter {
    #[state(default = 1, default = 2)]
    count: i64,
}

fn main() {}
