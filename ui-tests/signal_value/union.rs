#[derive(via::SignalValue)]
union Number {
    whole: i64,
    float: f64,
}

fn main() {}
