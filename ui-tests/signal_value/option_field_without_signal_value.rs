use std::time::Instant;

#[derive(via::SignalValue)]
struct Filter {
    since: Option<Instant>,
}

fn main() {}
