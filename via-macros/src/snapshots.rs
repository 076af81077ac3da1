//! The code that the macros generate, formatted; each snapshot starts with its input.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{actions::actions, page::page, signal_value::signal_value};

/// Input and output, formatted.
fn shown(input: &str, output: TokenStream) -> String {
    let output: syn::File = syn::parse2(output).expect("generated code is Rust");
    format!(
        "{}\n\n// becomes\n\n{}",
        input.trim(),
        prettyplease::unparse(&output)
    )
}

fn of_page(route: TokenStream, item: &str) -> String {
    let tokens = item.parse().expect("the input is Rust");
    shown(
        &format!("#[via::page({route})]\n{}", item.trim()),
        page(route, tokens),
    )
}

fn of_actions(item: &str) -> String {
    let tokens = item.parse().expect("the input is Rust");
    shown(
        &format!("#[via::actions]\n{}", item.trim()),
        actions(&TokenStream::new(), tokens),
    )
}

fn of_signal_value(item: &str) -> String {
    let tokens = item.parse().expect("the input is Rust");
    shown(
        &format!("#[derive(via::SignalValue)]\n{}", item.trim()),
        signal_value(tokens),
    )
}

macro_rules! assert_shown {
    ($shown:expr) => {
        // The text already contains the input.
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!($shown);
        });
    };
}

#[test]
fn counter() {
    assert_shown!(of_page(
        quote!("/"),
        "
struct Counter {
    #[state]
    count: i64,
    #[signal(default = 1)]
    step: i64,
}"
    ));
}

#[test]
fn every_kind_of_field() {
    assert_shown!(of_page(
        quote!("/lists/{list}"),
        "
/// Things to do.
#[derive(Debug)]
pub(crate) struct Todos {
    #[param]
    pub(crate) list: u64,
    #[state(tab, default = Filter::Open)]
    filter: Filter,
    #[signal(tab)]
    draft: String,
    #[signal(local)]
    r#loop: Option<bool>,
    #[cfg(debug_assertions)]
    #[state]
    log: Vec<(u8, String)>,
}"
    ));
}

#[test]
fn actions_of_every_form() {
    assert_shown!(of_actions(
        "
impl Counter {
    fn increment(&mut self) {
        self.count += 1;
    }

    fn rename(&mut self, index: usize, to: String, fx: &mut Effects) -> Result<(), Missing> {
        fx.toast(to);
        Ok(())
    }

    async fn save(task: Task<Self>, copies: u32) {}

    #[cfg(debug_assertions)]
    async fn load(task: Task<Self>) -> Result<(), String> {
        Ok(())
    }
}"
    ));
}

#[test]
fn signal_value_of_a_struct() {
    assert_shown!(of_signal_value(
        "
struct Filter {
    owner: Option<String>,
    r#type: Kind,
}"
    ));
}

#[test]
fn signal_value_of_a_newtype() {
    assert_shown!(of_signal_value("struct Id(u64);"));
}

#[test]
fn signal_value_of_an_enum() {
    assert_shown!(of_signal_value(
        "
enum Show {
    All,
    Owner(String),
    Between(i64, i64),
    Named { first: String },
}"
    ));
}

#[test]
fn broken_signal_value() {
    assert_shown!(of_signal_value("struct Pair(u8, &'static str);"));
}

#[test]
fn broken_page() {
    assert_shown!(of_page(
        quote!("/todo/{id}"),
        "
struct Todo {
    #[state(tabs)]
    done: bool,
    text: &str,
    #[signal]
    open: bool,
}"
    ));
}

#[test]
fn broken_actions() {
    assert_shown!(of_actions(
        "
impl Counter {
    async fn save(&mut self, (a, b): (u8, u8)) {}

    fn add(&mut self, amount: i64) {
        self.count += amount;
    }
}"
    ));
}

#[test]
fn the_same_source_gives_the_same_code() {
    let expand = || of_actions("impl Counter { fn increment(&mut self) {} }");
    assert_eq!(expand(), expand());
}
