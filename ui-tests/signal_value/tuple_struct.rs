#[derive(via::SignalValue)]
struct Range(i64, i64);

fn main() {}
