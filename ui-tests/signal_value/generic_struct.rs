#[derive(via::SignalValue)]
struct Range<T> {
    from: T,
    to: T,
}

fn main() {}
