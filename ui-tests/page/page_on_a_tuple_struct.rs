#[via::page("/")]
struct Counter(#[state] i64);

fn main() {}
