#[via::page("/")]
struct Counter {
    #[state(sharde)]
    count: i64,
}

fn main() {}
