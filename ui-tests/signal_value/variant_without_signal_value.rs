struct Person;

#[derive(via::SignalValue)]
enum Owner {
    Nobody,
    Somebody(Person),
    Both { first: Person, second: String },
}

fn main() {}
