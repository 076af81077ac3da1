fn step(old: u8) -> u8 {
    old
}

#[via::page("/")]
struct Page {
    #[state(version = 2)]
    a: u8,
    #[state(migrate = step)]
    b: u8,
    #[state(version = 0)]
    c: u8,
    #[state(version = 2, migrate = [step, step])]
    d: u8,
    #[signal(version = 2)]
    e: u8,
}

fn main() {}
