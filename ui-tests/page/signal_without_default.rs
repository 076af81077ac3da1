use via::prelude::*;

use via::signal::{SignalError, SignalValue};

enum Theme {
    Dark,
}

impl SignalValue for Theme {
    fn encode(&self) -> serde_json::Value {
        true.into()
    }

    fn decode(_: &serde_json::Value) -> Result<Self, SignalError> {
        Ok(Self::Dark)
    }
}

#[via::page("/")]
struct Editor {
    #[signal]
    theme: Theme,
}

impl View for Editor {
    fn view(&self, _: &Cx<Self>) -> Markup {
        html! {}
    }
}

fn main() {}
