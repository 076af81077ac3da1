#[derive(via::SignalValue)]
struct Filter {
    owner: &'static str,
    open: bool,
}

fn main() {}
