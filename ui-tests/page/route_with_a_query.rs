#[via::page("/todo?all")]
struct Todo {}

fn main() {}
