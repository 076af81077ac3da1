#[via::page("/")]
struct List<T> {
    #[state]
    items: Vec<T>,
}

fn main() {}
