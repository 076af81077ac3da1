use via::prelude::*;

mod pages {
    #[via::page("/")]
    pub(crate) struct Counter {
        #[state]
        pub(crate) count: i64,
    }
}

mod actions {
    #[via::actions]
    impl super::pages::Counter {
        pub(crate) fn increment(&mut self) {
            self.count += 1;
        }
    }
}

impl View for pages::Counter {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! { button data-on:click=(cx.increment()) { (self.count) } }
    }
}

#[test]
fn actions_may_stand_in_another_module() {
    let actions = <pages::Counter as via::__private::Page>::actions();
    assert_eq!(actions[0].name, "Counter::increment");
}
