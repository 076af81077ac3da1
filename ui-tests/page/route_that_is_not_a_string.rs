#[via::page(TODO)]
struct Todo {}

fn main() {}
