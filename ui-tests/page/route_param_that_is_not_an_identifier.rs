#[via::page("/todo/{the id}")]
struct Todo {}

fn main() {}
