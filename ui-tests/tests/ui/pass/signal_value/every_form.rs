#![deny(warnings)]
#![warn(
    unreachable_pub,
    unused_qualifications,
    missing_debug_implementations,
    single_use_lifetimes
)]

use via::prelude::*;
// The macro and the trait have the same name.
use via::SignalValue;

/// What is shown.
#[derive(Clone, Debug, Default, PartialEq, SignalValue)]
pub enum Show {
    #[default]
    All,
    r#Open,
    Owner(String),
    Between(i64, u128),
    Named {
        r#type: Option<char>,
        value: f32,
    },
    Nothing(),
    Empty {},
    #[cfg(any())]
    Never(Missing),
    Not(Box2),
}

#[derive(Clone, Debug, Default, PartialEq, SignalValue)]
pub struct Filter {
    pub show: Show,
    pub(crate) r#loop: Vec<Show>,
    self_: [bool; 2],
    // Names that generated code could use too.
    value: Option<Option<i64>>,
    parts: Empty,
    tagged: Id,
    field_0: Nullable,
    #[cfg(any())]
    never: Missing,
}

#[derive(Clone, Debug, Default, PartialEq, SignalValue)]
pub struct Empty {}

#[derive(Clone, Debug, Default, PartialEq, SignalValue)]
pub struct Id(pub u64);

#[derive(Clone, Debug, Default, PartialEq, SignalValue)]
pub struct Nullable(Option<bool>);

#[derive(Clone, Debug, Default, PartialEq, SignalValue)]
pub struct Box2 {
    children: Vec<Box2>,
}

#[via::page("/")]
struct Todos {
    #[signal]
    filter: Filter,
    #[signal(local, default = Show::Owner("ann".to_owned()))]
    show: Show,
}

impl View for Todos {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        let _: Signal<Filter> = cx.filter();
        html! { select data-bind={ (cx.filter()) ".show" } {} (format!("{:?}", self.show)) (self.filter.self_[0]) }
    }
}

#[track_caller]
fn travels<T: SignalValue + PartialEq + std::fmt::Debug>(value: T, json: &str) {
    assert_eq!(value.encode().to_string(), json);
    let back = serde_json::from_str(json).unwrap();
    assert_eq!(T::decode(&back).unwrap(), value);
}

#[test]
fn each_form_travels() {
    travels(Show::All, r#""All""#);
    travels(Show::Open, r#""Open""#);
    travels(Show::Owner("ann".into()), r#"{"Owner":"ann"}"#);
    travels(
        Show::Between(1, u128::MAX),
        &format!(r#"{{"Between":[1,"{}"]}}"#, u128::MAX),
    );
    let named = Show::Named {
        r#type: None,
        value: 0.5,
    };
    travels(named, r#"{"Named":{"type":null,"value":0.5}}"#);
    travels(Show::Nothing(), r#"{"Nothing":[]}"#);
    travels(Show::Empty {}, r#"{"Empty":{}}"#);
    travels(Show::Not(Box2::default()), r#"{"Not":{"children":[]}}"#);
    travels(Id(u64::MAX), r#""18446744073709551615""#);
    travels(Some(Nullable(None)), "[null]");
    travels(None::<Nullable>, "null");
    let filter = Filter {
        r#loop: vec![Show::All],
        value: Some(None),
        ..Filter::default()
    };
    let back = Filter::decode(&filter.encode()).unwrap();
    assert_eq!(back, filter);
}
