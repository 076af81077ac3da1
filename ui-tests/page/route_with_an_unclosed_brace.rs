#[via::page("/todo/{id")]
struct Todo {}

fn main() {}
