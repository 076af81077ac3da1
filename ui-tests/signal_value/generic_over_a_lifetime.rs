#[derive(via::SignalValue)]
enum Owner<'a> {
    Nobody,
    Somebody(&'a str),
}

fn main() {}
