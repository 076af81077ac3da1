#[via::page("/")]
struct Editor {
    #[signal]
    is__open: bool,
}

fn main() {}
