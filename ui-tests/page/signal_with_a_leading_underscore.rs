#[via::page("/")]
struct Editor {
    #[signal]
    _open: bool,
}

fn main() {}
