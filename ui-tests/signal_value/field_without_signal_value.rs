use std::time::Instant;

#[derive(via::SignalValue)]
struct Filter {
    owner: String,
    since: Instant,
}

fn main() {}
