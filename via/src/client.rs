//! Embeds the browser client and the app's stylesheets, and serves them under hashed URLs.

mod asset;

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    extract::Path,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, StatusCode};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use self::asset::Asset;

/// The bundles of the client, by file name; the build script makes them of the modules in `client`.
static SCRIPTS: LazyLock<[(&str, Asset); 3]> = LazyLock::new(|| {
    macro_rules! script {
        ($name:literal) => {
            (
                $name,
                Asset::packed(
                    "text/javascript",
                    include_str!(concat!(env!("OUT_DIR"), "/", $name)),
                    include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".br")),
                    include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")),
                ),
            )
        };
    }
    [
        script!("boot.js"),
        script!("hub.js"),
        script!("hub-worker.js"),
    ]
});

/// The script that a document loads.
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
            script: format!("/_via/{}/{ENTRY}", scripts_hash()).into(),
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

/// Routes for the client's scripts and these stylesheets.
pub(crate) fn routes(stylesheets: Vec<&'static str>) -> Router {
    let hash = scripts_hash();
    let script = async move |Path((wanted, name)): Path<(String, String)>, headers: HeaderMap| {
        let script = SCRIPTS.iter().find(|(script, _)| *script == name);
        match script {
            Some((_, script)) if wanted == hash => script.answer(&headers),
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    };
    let mut router = Router::new().route("/_via/{hash}/{script}", get(script));
    for css in std::iter::once(STYLE).chain(stylesheets) {
        let asset = Arc::new(LazyLock::new(move || Asset::pack("text/css", css)));
        router = router.route(
            &stylesheet_path(css),
            get(async move |headers: HeaderMap| -> Response { asset.answer(&headers) }),
        );
    }
    router
}

fn stylesheet_path(css: &str) -> String {
    let hash = xxh3_64(css.as_bytes());
    format!("/_via/style-{hash:016x}.css")
}

/// One hash for all scripts, because they load each other by relative paths.
fn scripts_hash() -> String {
    let mut hash = Xxh3::new();
    for (name, script) in &*SCRIPTS {
        hash.update(name.as_bytes());
        hash.update(script.text());
    }
    format!("{:016x}", hash.digest())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With brotli, in bytes: where the client stands. Lower this whenever it gets smaller.
    #[test]
    fn the_client_is_small() {
        for (name, limit) in [
            ("boot.js", 13_680),
            ("hub.js", 1_780),
            ("hub-worker.js", 2_048),
        ] {
            let (_, script) = SCRIPTS.iter().find(|(script, _)| *script == name).unwrap();
            let size = script.size_of_brotli();
            assert!(size <= limit, "{name} takes {size} bytes of {limit}");
        }
    }
}
