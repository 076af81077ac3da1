#[derive(via::SignalValue)]
struct Pair<T>(&'static str, T);

fn main() {}
