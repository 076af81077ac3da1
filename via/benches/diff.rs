//! How long the difference between two states of a page takes.

use divan::{Bencher, black_box};
use maud::{Markup, html};
use via::diff::{Tree, diff};

fn main() {
    divan::main();
}

fn counter(count: i64) -> String {
    html! {
        h1 { "Counter" }
        p { "Count: " output { (count) } }
        label { "Step " input type="number" data-bind="step"; }
        button data-on:click="@post('/')" { "Increment" }
    }
    .into_string()
}

fn row(n: usize, name: &str) -> Markup {
    html! {
        tr class="row" {
            td { (n) }
            td class="name" { (name) }
            td { (n * 7) }
            td { "in stock" }
            td { button data-on:click={ "@post('/remove/" (n) "')" } { "Remove" } }
        }
    }
}

fn table<'n>(rows: impl Iterator<Item = (usize, &'n str)>) -> String {
    html! {
        h1 { "Goods" }
        table {
            thead { tr { th { "#" } th { "Name" } th { "Number" } th { "State" } th {} } }
            tbody { @for (n, name) in rows { (row(n, name)) } }
        }
    }
    .into_string()
}

fn rows() -> impl DoubleEndedIterator<Item = (usize, &'static str)> {
    (0..1000).map(|n| (n, "some name"))
}

fn one_cell_changed() -> String {
    table(rows().map(|(n, name)| (n, if n == 700 { "another" } else { name })))
}

/// Both pages are read anew.
mod from_text {
    use super::{Bencher, black_box, counter, diff, one_cell_changed, rows, table};

    #[divan::bench]
    fn counter_goes_up(bencher: Bencher<'_, '_>) {
        let (old, new) = (counter(41), counter(42));
        bencher.bench(|| diff(black_box(&old), black_box(&new)));
    }

    #[divan::bench]
    fn one_cell_of_1000_rows(bencher: Bencher<'_, '_>) {
        let (old, new) = (table(rows()), one_cell_changed());
        bencher.bench(|| diff(black_box(&old), black_box(&new)));
    }
}

/// The tree of the old page is at hand, as it is on a server.
mod from_tree {
    use super::{Bencher, Tree, black_box, counter, one_cell_changed, rows, table};

    fn update(bencher: Bencher<'_, '_>, old: String, new: &str) {
        let old = Tree::parse(old);
        bencher
            .with_inputs(|| new.to_owned())
            .bench_values(|new| black_box(&old).update(new));
    }

    #[divan::bench]
    fn counter_goes_up(bencher: Bencher<'_, '_>) {
        update(bencher, counter(41), &counter(42));
    }

    #[divan::bench]
    fn one_cell_of_1000_rows(bencher: Bencher<'_, '_>) {
        update(bencher, table(rows()), &one_cell_changed());
    }

    #[divan::bench]
    fn a_row_in_front_of_1000(bencher: Bencher<'_, '_>) {
        let new = table([(5000, "fresh")].into_iter().chain(rows()));
        update(bencher, table(rows()), &new);
    }

    #[divan::bench]
    fn first_and_last_of_1000_rows(bencher: Bencher<'_, '_>) {
        let new = table(rows().map(|(n, name)| (n, if n % 999 == 0 { "another" } else { name })));
        update(bencher, table(rows()), &new);
    }

    #[divan::bench]
    fn reversed_1000_rows(bencher: Bencher<'_, '_>) {
        update(bencher, table(rows()), &table(rows().rev()));
    }
}

#[divan::bench]
fn parse_1000_rows(bencher: Bencher<'_, '_>) {
    let html = table(rows());
    bencher
        .counter(divan::counter::BytesCount::new(html.len()))
        .with_inputs(|| html.clone())
        .bench_values(Tree::parse);
}
