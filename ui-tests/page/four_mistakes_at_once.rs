#[via::page("/todo/{id}")]
struct Todo {
    #[state(tabs)]
    filter: String,
    text: String,
    #[signal(tab, tab)]
    open: bool,
}

fn main() {}
