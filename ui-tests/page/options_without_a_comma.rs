#[via::page("/")]
struct Counter {
    #[signal(tab default = 3)]
    count: i64,
}

fn main() {}
