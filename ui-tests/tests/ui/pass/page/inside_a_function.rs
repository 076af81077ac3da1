#![deny(warnings)]

use via::prelude::*;

#[test]
fn a_page_inside_of_a_function_has_its_actions() {
    #[via::page("/")]
    struct Counter {
        #[state]
        count: i64,
    }

    #[via::actions]
    impl Counter {
        fn increment(&mut self) {
            self.count += 1;
        }
    }

    impl View for Counter {
        fn view(&self, _: &Cx<Self>) -> Markup {
            html! { (self.count) }
        }
    }

    assert_eq!(<Counter as via::__private::Page>::actions().len(), 1);
}
