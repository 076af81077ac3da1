//! What a server tells a browser to do beyond patches.

use serde::{Deserialize, Serialize};

/// What the browser is told to do beyond patches: a closed set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Command {
    /// Show a message for a few seconds.
    Toast { text: String },
    /// Go to another page of this site.
    Redirect { to: String },
    /// Tell the page's own JavaScript.
    Emit {
        name: String,
        detail: serde_json::Value,
    },
}

impl Command {
    #[track_caller]
    pub(crate) fn emit(name: String, detail: &(impl Serialize + ?Sized)) -> Self {
        assert!(
            !name.starts_with("via:"),
            "`emit` takes a name of the app's own, not {name:?}: the client itself says `via:..`"
        );
        let detail = serde_json::to_value(detail)
            .unwrap_or_else(|error| panic!("the detail of {name:?} is not JSON: {error}"));
        Self::Emit { name, detail }
    }
}
