#[via::actions]
struct Counter {
    count: i64,
}

fn main() {}
