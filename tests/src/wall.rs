//! A page that is as large as a test wants, and that changes as a whole: for slow readers.

use via::App;
use via::prelude::*;

/// A page with one text, as long as the last action said, with its length at the end.
#[via::page("/")]
#[derive(Debug)]
pub struct Wall {
    #[state]
    size: usize,
}

#[via::actions]
impl Wall {
    fn paint(&mut self, size: usize) {
        self.size = size;
    }
}

impl View for Wall {
    fn view(&self, _cx: &Cx<Self>) -> Markup {
        html! { p id="wall" { (" ".repeat(self.size)) (self.size) } }
    }
}

/// An app with only that page.
pub fn wall() -> App {
    App::new().page::<Wall>()
}
