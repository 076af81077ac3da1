#![deny(warnings)]

use std::{collections::BTreeMap, num::ParseIntError};

use via::prelude::*;

#[via::page("/")]
struct Counter {
    #[state]
    count: i64,
}

#[via::actions]
impl Counter {
    /// Only the page.
    fn increment(&mut self) {
        self.count += 1;
    }

    fn typed_self(self: &mut Self) -> () {}

    pub fn add(&mut self, mut amount: i64) {
        amount += 1;
        self.count += amount;
    }

    fn replace(&mut self, by: BTreeMap<String, Option<i64>>, from: (u8, [u8; 2]), _unused: ()) {
        self.count = by.len() as i64 + i64::from(from.0);
    }

    fn parse(&mut self, text: String) -> Result<(), ParseIntError> {
        self.count = text.parse()?;
        Ok(())
    }

    fn reset(&mut self, fx: &mut Effects) {
        self.count = 0;
        fx.toast("reset");
    }

    fn go(&mut self, to: String, fx: &mut via::Effects) -> Result<(), String> {
        fx.redirect(to)?;
        Err("no".to_owned())
    }

    async fn save(_task: Task<Self>) {}

    async fn load(task: via::Task<Counter>, name: String) -> Result<(), String> {
        std::future::ready(()).await;
        drop((task, name));
        Ok(())
    }

    #[cfg(any())]
    fn never(&mut self, missing: Missing) {}

    #[cfg(any())]
    fn save(&mut self) {}

    #[deprecated]
    fn old(&mut self) {}

    #[allow(clippy::too_many_arguments)]
    fn many(&mut self, a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) {
        self.count = [a, b, c, d, e, f, g, h].map(i64::from).iter().sum();
    }
}

impl Counter {
    fn helper(&self) -> i64 {
        self.count
    }
}

impl View for Counter {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            (self.helper())
            button data-on:click=(cx.increment()) {}
            button data-on:click=(cx.add(5)) {}
            button data-on:click=(cx.parse("1".to_owned())) {}
            button data-on:click=(cx.go("/".to_owned())) {}
            button data-on:click=(cx.save()) {}
            button data-on:click=(cx.load("a".to_owned())) {}
        }
    }
}

#[test]
fn each_form_is_an_action() {
    let actions = <Counter as via::__private::Page>::actions();
    let names: Vec<_> = actions.iter().map(|action| action.name).collect();
    assert_eq!(
        names[..3],
        ["Counter::increment", "Counter::typed_self", "Counter::add"]
    );
    assert_eq!(names.len(), 11);
}
