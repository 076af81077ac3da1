struct Counter {
    count: i64,
}

#[via::actions]
impl Counter {
    fn increment(&mut self) {
        self.count += 1;
    }
}

fn main() {}
