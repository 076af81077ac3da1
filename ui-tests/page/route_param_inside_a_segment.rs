#[via::page("/todo/{id}.html")]
struct Todo {
    #[param]
    id: u64,
}

fn main() {}
