#[via::page("/")]
fn counter() {}

fn main() {}
