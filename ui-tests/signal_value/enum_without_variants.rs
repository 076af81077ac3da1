#[derive(via::SignalValue)]
enum Never {}

fn main() {}
