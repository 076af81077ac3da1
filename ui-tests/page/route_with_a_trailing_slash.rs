#[via::page("/todo/")]
struct Todo {}

fn main() {}
