#[via::page("/")]
struct Counter {
    #[signal(tab, local)]
    count: i64,
}

fn main() {}
