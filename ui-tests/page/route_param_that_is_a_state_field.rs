#[via::page("/todo/{id}")]
struct Todo {
    #[state]
    id: u64,
}

fn main() {}
