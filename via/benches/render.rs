//! How long a view takes to print its HTML.

use divan::{Bencher, black_box};
use via::{__private::render, prelude::*};

fn main() {
    divan::main();
}

#[via::page("/counter")]
struct Counter {
    #[state]
    count: i64,
    #[signal(default = 1)]
    step: i64,
}

#[via::actions]
impl Counter {
    fn increment(&mut self) {
        self.count += self.step;
    }
}

impl View for Counter {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            h1 { "Counter" }
            p { "Count: " output { (self.count) } }
            label { "Step " input type="number" data-bind=(cx.step()); }
            button data-on:click=(cx.increment()) { "Increment" }
        }
    }
}

#[via::page("/goods")]
struct Goods {
    #[state]
    names: Vec<String>,
}

#[via::actions]
impl Goods {
    fn remove(&mut self, at: usize) {
        self.names.remove(at);
    }
}

impl View for Goods {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            table {
                tbody {
                    @for (at, name) in self.names.iter().enumerate() {
                        tr {
                            td { (at) }
                            td { (name) }
                            td { (at * 7) }
                            td { "in stock" }
                            td { button data-on:click=(cx.remove(at)) { "Remove" } }
                        }
                    }
                }
            }
        }
    }
}

#[divan::bench]
fn counter(bencher: Bencher<'_, '_>) {
    let page = Counter { count: 41, step: 1 };
    bencher.bench(|| render(black_box(&page)));
}

#[divan::bench]
fn table_of_1000_rows(bencher: Bencher<'_, '_>) {
    let names = (0..1000).map(|at| format!("name {at}")).collect();
    let page = Goods { names };
    bencher.bench(|| render(black_box(&page)));
}
