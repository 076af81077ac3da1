#[via::page("/{id}/todo/{id}")]
struct Todo {
    #[param]
    id: u64,
}

fn main() {}
