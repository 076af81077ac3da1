#![deny(missing_docs, warnings)]
//! A library of pages.

/// Pages.
pub mod pages {
    use via::prelude::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
    enum Private {
        One,
    }

    /// Counts.
    #[derive(Debug, PartialEq)]
    #[via::page("/")]
    #[non_exhaustive]
    pub struct Counter {
        /// How often.
        #[state]
        pub count: i64,
        #[doc = "What."]
        #[state(default = Private::One)]
        what: Private,
        /// By how much.
        #[signal(default = 1)]
        pub step: i64,
    }

    #[via::actions]
    impl Counter {
        /// Counts once more.
        pub fn increment(&mut self) {
            self.count += self.step;
        }

        fn set(&mut self, what: Private) {
            self.what = what;
        }
    }

    impl View for Counter {
        fn view(&self, cx: &Cx<Self>) -> Markup {
            html! { button data-on:click=(cx.set(Private::One)) {} }
        }
    }
}

/// Starts.
#[test]
fn a_page_of_another_module_has_a_name() {
    let _: Option<pages::Counter> = None;
}
