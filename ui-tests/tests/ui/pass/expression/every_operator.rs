use std::time::Duration;

use via::{prelude::*, signal::IntoExpr};

#[derive(Clone, Default, via::SignalValue)]
enum Tab {
    #[default]
    List,
    Log,
}

#[via::page("/")]
struct Shop {
    #[state]
    done: bool,
    #[signal]
    open: bool,
    #[signal]
    count: i64,
    #[signal]
    size: usize,
    #[signal]
    price: f64,
    #[signal]
    ratio: f32,
    #[signal]
    query: String,
    #[signal]
    maybe: Option<i64>,
    #[signal]
    tags: Vec<u32>,
    #[signal]
    tab: Tab,
    #[signal(local)]
    menu: bool,
}

#[via::actions]
impl Shop {
    fn buy(&mut self, _amount: i64) {
        self.done = true;
    }
}

/// A part of a view accepts any expression that gives a `bool`.
fn warning(shown: impl IntoExpr<bool>) -> Markup {
    html! { p data-show=(shown.into_expr()) { "!" } }
}

impl View for Shop {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        let total = cx.price() * cx.count().to_f64();
        let (define_large, large) = total.clone().gt(100.0).computed("large");
        let chosen: Expr<i64> = cx.open().if_else(1, cx.count());
        html! {
            (warning(cx.open()))
            (warning(!cx.open() | cx.menu() & true ^ self.done))
            (warning(&large))
            (warning(true))
            div data-computed=(define_large) data-class:large=(large) {}
            p data-text=(&total) { }
            p data-text=(&total - 1.0) { }
            p data-text=((cx.count() + 1 - 2) * 3 / 4 % 5) {}
            p data-text=(-cx.count() + &chosen) {}
            p data-text=(cx.query() + ", " + cx.count().to_text() + self.done.to_string()) {}
            p data-show=(cx.count().eq(1) & cx.count().ne(2) & cx.price().le(1.0) & cx.ratio().ge(0.5)) {}
            p data-show=(cx.query().is_empty() | cx.query().contains("x") | cx.query().starts_with(&*self.query) | cx.query().eq(&self.query)) {}
            p data-show=(cx.query().len().lt(280) & cx.query().char_count().gt(cx.size())) {}
            p data-show=(cx.tags().contains(3) & !cx.tags().is_empty() & cx.tags().len().eq(cx.size())) {}
            p data-show=(cx.maybe().is_some() | cx.maybe().eq(None) | cx.maybe().unwrap_or(5).gt(cx.count())) {}
            p data-show=(cx.tab().eq(Tab::Log)) data-attr:title=(cx.open().if_else("open", "closed")) {}
            @for (place, tab) in [Tab::List, Tab::Log].iter().enumerate() {
                p data-class:active=(cx.tab().eq(tab)) data-show=(cx.size().gt(&place)) {}
            }
            p data-text=(cx.size().to_int::<i64>() + cx.count()) {}
            p data-text=(cx.ratio().to_f64() * 2.0) {}
            button data-on:click=(cx.buy(5)) {}
            button data-on:click=(cx.open().toggle().then(cx.count().set(cx.count() + 1)).then(cx.buy(1)).prevent()) {}
            input data-on:input=(cx.query().set(event::value()).debounce(Duration::from_millis(200)));
            input data-on:keydown=(cx.buy(1).key("Enter").key("b").stop());
            input data-on:change=(cx.open().set(event::checked()).once());
            div data-on:click=(cx.menu().set(false).outside()) {}
            div data-on:keydown=((event::key().eq("s") & event::ctrl()).then(cx.buy(1)).window()) {}
        }
    }
}
