//! Embeds the browser client and the app's stylesheets, and serves them under hashed URLs.

use std::sync::Arc;

use axum::{
    Router,
    extract::Path,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, header};
use xxhash_rust::xxh3::Xxh3;

macro_rules! module {
    ($name:literal) => {
        ($name, include_str!(concat!("../client/", $name)))
    };
}

/// The modules of the client, by file name.
const MODULES: &[(&str, &str)] = &[
    module!("action-queue.js"),
    module!("answers.js"),
    module!("attach.js"),
    module!("attributes.js"),
    module!("backoff.js"),
    module!("bind.js"),
    module!("boot.js"),
    module!("calls.js"),
    module!("directives.js"),
    module!("drafts.js"),
    module!("events.js"),
    module!("expression.js"),
    module!("fields.js"),
    module!("handover.js"),
    module!("hub-worker.js"),
    module!("hub.js"),
    module!("link.js"),
    module!("members.js"),
    module!("morph-attributes.js"),
    module!("morph-fields.js"),
    module!("morph.js"),
    module!("nodes.js"),
    module!("notices.js"),
    module!("patches.js"),
    module!("pending.js"),
    module!("rise.js"),
    module!("signals.js"),
    module!("sse.js"),
    module!("status.js"),
    module!("storage.js"),
    module!("stream.js"),
    module!("tokens.js"),
    module!("trusted.js"),
    module!("typed.js"),
    module!("values.js"),
];

/// The module that a page loads.
const ENTRY: &str = "boot.js";

/// The style of what the client shows and hides by itself; it comes before the app's own.
const STYLE: &str = include_str!("../client/via.css");

/// Where a document finds its script and its stylesheets, below the app's base path.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    script: Arc<str>,
    stylesheets: Arc<[String]>,
}

impl Links {
    pub(crate) fn new(stylesheets: &[&str]) -> Self {
        Self {
            script: format!("/_via/{}/{ENTRY}", modules_hash()).into(),
            stylesheets: std::iter::once(STYLE)
                .chain(stylesheets.iter().copied())
                .map(stylesheet_path)
                .collect(),
        }
    }

    pub(crate) fn script(&self) -> &str {
        &self.script
    }

    pub(crate) fn stylesheets(&self) -> &[String] {
        &self.stylesheets
    }
}

/// Routes for the client's modules and these stylesheets.
pub(crate) fn routes(stylesheets: Vec<&'static str>) -> Router {
    let hash = modules_hash();
    let mut router = Router::new().route(
        "/_via/{hash}/{module}",
        get(
            move |Path((wanted, name)): Path<(String, String)>| async move {
                let module = MODULES.iter().find(|(module, _)| *module == name);
                match module {
                    Some((_, text)) if wanted == hash => immutable("text/javascript", text),
                    _ => StatusCode::NOT_FOUND.into_response(),
                }
            },
        ),
    );
    for css in std::iter::once(STYLE).chain(stylesheets) {
        router = router.route(
            &stylesheet_path(css),
            get(move || async move { immutable("text/css", css) }),
        );
    }
    router
}

fn stylesheet_path(css: &str) -> String {
    let hash = xxhash_rust::xxh3::xxh3_64(css.as_bytes());
    format!("/_via/style-{hash:016x}.css")
}

/// One hash for all modules, because they import each other by relative paths.
fn modules_hash() -> String {
    let mut hash = Xxh3::new();
    for (name, text) in MODULES {
        hash.update(name.as_bytes());
        hash.update(text.as_bytes());
    }
    format!("{:016x}", hash.digest())
}

fn immutable(kind: &'static str, text: &'static str) -> Response {
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ],
        text,
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_module_in_the_folder_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("client");
        let there: BTreeSet<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| {
                name.rsplit_once('.')
                    .is_some_and(|(stem, end)| end == "js" && Path::new(stem).extension().is_none())
            })
            .collect();
        let embedded: BTreeSet<_> = MODULES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(embedded, there);
        assert!(embedded.contains(ENTRY));
    }
}
