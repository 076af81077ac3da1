#[via::page("/")]
struct Hello {
    #[state]
    name: &str,
}

fn main() {}
