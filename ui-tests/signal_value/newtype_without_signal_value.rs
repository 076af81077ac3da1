use std::collections::BTreeSet;

#[derive(via::SignalValue)]
struct Tags(BTreeSet<String>);

fn main() {}
