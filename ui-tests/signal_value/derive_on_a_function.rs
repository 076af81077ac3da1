#[derive(via::SignalValue)]
fn filter() {}

fn main() {}
