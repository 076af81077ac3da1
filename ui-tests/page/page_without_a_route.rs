#[via::page]
struct Todo {}

fn main() {}
