//! Values of every type come back from the browser unchanged.

use via::prelude::*;
use via_tests::chromium::Page;
use via_tests::dice::Dice;

use super::samples::{Empty, Filter, Id, Range, Sample, Show};
use super::{HELPERS, open, serve};

/// A page with these signals.
macro_rules! everything {
    ($($name:ident: $ty:ty,)*) => {
        #[via::page("/")]
        pub(super) struct Everything {
            #[state]
            case: u32,
            #[state]
            checked: u32,
            #[state]
            wrong: Vec<String>,
            $(#[signal] $name: $ty,)*
        }

        impl Everything {
            const SIGNALS: &[&str] = &[$(stringify!($name)),*];

            fn take(&mut self, dice: &mut Dice) {
                $(self.$name = Sample::sample(dice);)*
            }

            /// The signals that do not have the values that `take` gave them.
            fn compare(&self, dice: &mut Dice) -> Vec<String> {
                let mut wrong = Vec::new();
                // Debug output distinguishes -0.0 from 0.0, and NaN equals itself.
                $(
                    let expected = format!("{:?}", <$ty as Sample>::sample(dice));
                    let found = format!("{:?}", self.$name);
                    if found != expected {
                        wrong.push(format!("{}: {found} and not {expected}", stringify!($name)));
                    }
                )*
                wrong
            }
        }
    };
}

everything! {
    flag: bool, letter: char, text: String,
    i8: i8, i16: i16, i32: i32, i64: i64, i128: i128, isize: isize,
    u8: u8, u16: u16, u32: u32, u64: u64, u128: u128, usize: usize,
    f32: f32, f64: f64,
    some_flag: Option<bool>, some_text: Option<String>, some_i64: Option<i64>,
    some_f64: Option<f64>, some_some: Option<Option<u64>>, some_letter: Option<char>,
    list: Vec<String>, numbers: Vec<f32>, nothings: Vec<Option<i64>>, array: [u64; 3],
    show: Show, some_show: Option<Show>, range: Range, id: Id, empty: Empty, filter: Filter,
    some_filter: Option<Filter>, filters: Vec<Filter>,
}

#[via::actions]
impl Everything {
    /// Checks the values of the last case, and takes those of the next one.
    fn next(&mut self) {
        self.note_what_is_wrong();
        self.case += 1;
        self.take(&mut Dice::new(u64::from(self.case)));
    }

    fn check(&mut self) {
        self.checked += 1;
        self.note_what_is_wrong();
    }
}

impl Everything {
    fn note_what_is_wrong(&mut self) {
        let case = self.case;
        if case > 0 {
            let wrong = self.compare(&mut Dice::new(u64::from(case)));
            self.wrong
                .extend(wrong.iter().map(|wrong| format!("case {case}: {wrong}")));
        }
    }
}

impl View for Everything {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            button id="next" data-on:click=(cx.next()) { "next" }
            button id="check" data-on:click=(cx.check()) { "check" }
            p id="case" { (self.case) }
            p id="checked" { (self.checked) }
            @for wrong in &self.wrong { p .wrong { (wrong) } }
        }
    }
}

fn wrong(page: &Page) -> Vec<String> {
    let wrong = page.eval("Array.from(document.querySelectorAll('.wrong'), (p) => p.textContent)");
    let wrong = wrong.as_array().unwrap().iter();
    wrong
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_comes_back_from_the_browser_as_it_was() {
    let server = serve().await;
    let page = open(&server, "/");
    page.eval(HELPERS);
    for first in [1, 101, 201, 301] {
        page.eval(&format!(
            "(async () => {{
                for (let n = {first}; n < {first} + 100; n++) await clickUntil('next', 'case', n);
            }})()"
        ));
        assert_eq!(wrong(&page), Vec::<String>::new());
    }
    page.eval("clickUntil('check', 'checked', 1)");
    assert_eq!(wrong(&page), Vec::<String>::new());
    // All signals were in each action, and none as an edit of the user.
    let mut names = Everything::SIGNALS.to_vec();
    names.sort_unstable();
    let sent = page.eval("sent");
    assert_eq!(sent.as_array().unwrap().len(), 401);
    for sent in sent.as_array().unwrap() {
        assert_eq!(*sent, serde_json::json!({ "signals": names, "dirty": [] }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_values_of_a_new_document_come_back_as_they_were() {
    let server = serve().await;
    let page = open(&server, "/");
    for case in 1..=25 {
        page.eval(HELPERS);
        page.eval(&format!("clickUntil('next', 'case', {case})"));
        page.reload();
        page.online();
        page.eval(HELPERS);
        page.eval(&format!("clickUntil('check', 'checked', {case})"));
        assert_eq!(wrong(&page), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_sees_what_the_browser_sent_and_not_what_is_stored() {
    let server = serve().await;
    let page = open(&server, "/");
    page.eval(HELPERS);
    page.eval("clickUntil('next', 'case', 1)");
    page.eval(
        "window.tamper = (text) => {
            const body = JSON.parse(text);
            body.signals.id = '77';
            return JSON.stringify(body);
        }",
    );
    page.eval("clickUntil('check', 'checked', 1)");
    let found = wrong(&page);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("case 1: id: Id(77) and not"),
        "{found:?}"
    );
    // The user did not edit it, so it is not kept.
    page.eval("window.tamper = (text) => text");
    page.eval("clickUntil('check', 'checked', 2)");
    assert_eq!(wrong(&page).len(), 1);
}
