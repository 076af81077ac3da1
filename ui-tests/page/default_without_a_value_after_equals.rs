#[via::page("/")]
struct Counter {
    #[state(default = )]
    count: i64,
}

fn main() {}
