#[via::page("/todo//edit")]
struct Todo {}

fn main() {}
