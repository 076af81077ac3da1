//! What a server tells a browser to do beyond patches.

use serde::{Deserialize, Serialize};

/// What the browser is told to do beyond patches: a closed set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Command {
    /// Show a message for a few seconds.
    Toast { text: String },
    /// Go to another page of this site.
    Redirect {
        to: String,
        /// Whether the path begins at the root of the site, and not where the app is mounted.
        #[serde(default, skip_serializing_if = "is_false")]
        from_root: bool,
    },
    /// Tell the page's own JavaScript.
    Emit {
        name: String,
        detail: serde_json::Value,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Command {
    /// The command for the browser, if the app is mounted there: the browser knows only paths of the
    /// site.
    pub(crate) fn at_mount(self, mount: &str) -> Self {
        match self {
            Self::Redirect {
                to,
                from_root: false,
            } if !mount.is_empty() => Self::Redirect {
                to: below(mount, &to),
                from_root: false,
            },
            Self::Redirect { to, .. } => Self::Redirect {
                to,
                from_root: false,
            },
            other => other,
        }
    }

    /// Whether the client itself uses this name for messages to the page's JavaScript.
    pub(crate) fn is_reserved(name: &str) -> bool {
        name.starts_with("via:")
    }
}

/// The path of the site for the path of an app.
fn below(mount: &str, path: &str) -> String {
    // The root of a nested app has no slash at its end.
    let rest = path.strip_prefix('/').unwrap_or(path);
    let is_root = rest.is_empty() || rest.starts_with(['?', '#']);
    format!("{mount}{}", if is_root { rest } else { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_stays_below_the_mount_unless_it_begins_at_the_root_of_the_site() {
        let seen = |to: &str, from_root, mount| {
            let to = to.to_owned();
            let command = Command::Redirect { to, from_root }.at_mount(mount);
            serde_json::to_string(&command).unwrap()
        };
        for (to, from_root, mount, expected) in [
            ("/x", false, "", "/x"),
            ("/", false, "", "/"),
            ("/x", false, "/a", "/a/x"),
            ("/", false, "/a/b", "/a/b"),
            ("/?q=1", false, "/a", "/a?q=1"),
            ("/#top", false, "/a", "/a#top"),
            ("/x", true, "/a", "/x"),
        ] {
            let expected = format!(r#"{{"do":"redirect","to":"{expected}"}}"#);
            assert_eq!(seen(to, from_root, mount), expected, "{to} {mount}");
        }
    }

    #[test]
    fn a_redirect_of_an_older_build_begins_at_the_mount() {
        let stored = serde_json::from_str::<Command>(r#"{"do":"redirect","to":"/x"}"#);
        let (to, from_root) = ("/x".to_owned(), false);
        assert_eq!(stored.unwrap(), Command::Redirect { to, from_root });
    }
}
