#[via::page("/todo", cache = true)]
struct Todo {}

fn main() {}
