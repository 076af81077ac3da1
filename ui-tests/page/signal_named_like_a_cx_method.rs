#[via::page("/")]
struct Editor {
    #[signal]
    clone: bool,
}

fn main() {}
