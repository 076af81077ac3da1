#[via::page("/todo/{id}")]
struct Todo {
    #[param(default = 1)]
    id: u64,
}

fn main() {}
