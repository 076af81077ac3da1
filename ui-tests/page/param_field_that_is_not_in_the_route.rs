#[via::page("/todo")]
struct Todo {
    #[param]
    id: u64,
}

fn main() {}
