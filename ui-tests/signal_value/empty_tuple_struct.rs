#[derive(via::SignalValue)]
struct Nothing();

fn main() {}
