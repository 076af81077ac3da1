#![deny(warnings)]
#![warn(
    unreachable_pub,
    unused_qualifications,
    missing_debug_implementations,
    single_use_lifetimes
)]

use std::collections::BTreeMap;

use via::prelude::*;

const START: u8 = 7;

#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub enum Filter {
    #[default]
    All,
    Open,
}

/// A page with one field of each kind.
#[via::page("/list/{list}/todo/{id}")]
#[derive(Clone, Debug)]
pub struct Todo {
    /// Kept for the session.
    #[state]
    pub filter: Filter,
    #[state()]
    counts: BTreeMap<String, Vec<(u8, [i64; 2])>>,
    #[state(tab)]
    pub(crate) scroll: Option<f64>,
    #[state(default = START)]
    seven: u8,
    #[state(tab, default = "text".into(),)]
    text: String,
    #[signal]
    step: i64,
    #[signal(default = Some(true))]
    open: Option<bool>,
    #[signal(tab)]
    draft: String,
    #[signal(local)]
    menu: bool,
    #[signal(default = if START > 3 { 1.0 } else { return 2.0 }, local)]
    zoom: f64,
    #[param]
    list: String,
    #[param]
    id: u64,
    #[cfg(any())]
    #[state]
    never: Missing,
    #[cfg(any())]
    #[signal]
    step: Missing,
}

impl View for Todo {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        let _: Signal<i64> = cx.step();
        let _: Signal<Option<bool>> = cx.open();
        html! {
            (self.list) (self.id) (self.text) (self.seven)
            input data-bind=(cx.draft());
            input data-bind=(cx.zoom());
        }
    }
}

#[test]
fn each_kind_of_field_is_described() {
    use via::__private::{FieldKind, Page, SignalScope, StateScope};

    let page = <Todo as Page>::DESCRIPTOR;
    assert_eq!(page.name, "Todo");
    assert_eq!(page.route, "/list/{list}/todo/{id}");
    assert_eq!(page.module, module_path!());
    let fields: Vec<_> = page.fields.iter().map(|f| (f.name, f.kind)).collect();
    assert_eq!(
        fields,
        [
            ("filter", FieldKind::State(StateScope::Session)),
            ("counts", FieldKind::State(StateScope::Session)),
            ("scroll", FieldKind::State(StateScope::Tab)),
            ("seven", FieldKind::State(StateScope::Session)),
            ("text", FieldKind::State(StateScope::Tab)),
            ("step", FieldKind::Signal(SignalScope::Session)),
            ("open", FieldKind::Signal(SignalScope::Session)),
            ("draft", FieldKind::Signal(SignalScope::Tab)),
            ("menu", FieldKind::Signal(SignalScope::Local)),
            ("zoom", FieldKind::Signal(SignalScope::Local)),
            ("list", FieldKind::Param),
            ("id", FieldKind::Param),
        ]
    );
    assert_eq!(page.fields[1].key, "Todo.counts");
    assert_eq!(
        page.fields[1].type_name,
        "BTreeMap<String,Vec<(u8,[i64;2])>>"
    );
    assert!(<Todo as Page>::actions().is_empty());
}
