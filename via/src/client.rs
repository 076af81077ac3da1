//! Embeds the browser client and the app's stylesheets, and serves them under hashed URLs.

mod asset;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use axum::{
    Router,
    extract::{Path, rejection::PathRejection},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, StatusCode, header};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use self::asset::Asset;

/// A script of the client, which is compressed when a browser asks for it for the first time.
struct Script {
    name: &'static str,
    text: &'static str,
    asset: LazyLock<Asset, fn() -> Asset>,
}

/// The files in `client/dist`. `npm run build` in `client` makes them of the modules there.
static SCRIPTS: [Script; 8] = {
    macro_rules! script {
        ($name:literal) => {{
            const TEXT: &str = include_str!(concat!("../client/dist/", $name));
            Script {
                name: $name,
                text: TEXT,
                asset: LazyLock::new(|| Asset::pack("text/javascript", TEXT)),
            }
        }};
    }
    [
        script!("boot.js"),
        script!("patches.js"),
        script!("words.js"),
        script!("further.js"),
        script!("hub-worker.js"),
        script!("own-stream.js"),
        script!("early.js"),
        script!("dev.js"),
    ]
};

/// The script that a document loads.
const ENTRY: &str = "boot.js";

/// A small one that it loads beside it, and that takes note of clicks until the first one runs.
const EARLY: &str = "early.js";

/// The overlay of `App::dev`, which no other app serves.
const DEV: &str = "dev.js";

/// The style of what the client shows and hides by itself; it comes before the app's own.
const STYLE: &str = include_str!("../client/via.css");

/// The icon of every page whose head names no other.
const ICON: &str = include_str!("../client/favicon.svg");

/// The type of the icon.
const SVG: &str = "image/svg+xml";

/// What an app serves to browsers beside its pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    pub(crate) stylesheets: Vec<&'static str>,
    /// Modules of the app's own.
    pub(crate) scripts: Vec<&'static str>,
    /// Whether documents have the overlay.
    pub(crate) dev: bool,
}

/// Where a document finds its scripts and its stylesheets, below the app's base path.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    early: Arc<str>,
    modules: Arc<[String]>,
    stylesheets: Arc<[String]>,
    scripts: Arc<[String]>,
    icon: Arc<str>,
}

impl Links {
    pub(crate) fn new(below: &str, files: &Files) -> Self {
        let hash = scripts_hash();
        let own = |name: &str| format!("{below}/{hash}/{name}");
        Self {
            early: own(EARLY).into(),
            // The overlay goes first: it stands between the client and the network.
            modules: files
                .dev
                .then_some(DEV)
                .into_iter()
                .chain([ENTRY])
                .map(own)
                .collect(),
            stylesheets: std::iter::once(STYLE)
                .chain(files.stylesheets.iter().copied())
                .map(|css| stylesheet_path(below, css))
                .collect(),
            scripts: (files.scripts.iter().copied())
                .map(|script| script_path(below, script))
                .collect(),
            icon: icon_path(below).into(),
        }
    }

    /// What takes note of clicks until the client is there.
    pub(crate) fn early(&self) -> &str {
        &self.early
    }

    /// The client, and what goes before it.
    pub(crate) fn modules(&self) -> &[String] {
        &self.modules
    }

    /// The app's own modules, which come after the client.
    pub(crate) fn scripts(&self) -> &[String] {
        &self.scripts
    }

    pub(crate) fn stylesheets(&self) -> &[String] {
        &self.stylesheets
    }

    pub(crate) fn icon(&self) -> &str {
        &self.icon
    }
}

/// The icon, for browsers that ask for it where no page told them: this address is not hashed, so
/// they ask again after a day.
pub(crate) fn icon() -> Response {
    let headers = [
        (header::CONTENT_TYPE, SVG),
        (header::CACHE_CONTROL, "public, max-age=86400"),
    ];
    (headers, ICON).into_response()
}

/// The hash and the name of a script, unless their percent-encoding is not one of text.
type ScriptPath = Result<Path<(String, String)>, PathRejection>;

/// Routes for the client's scripts and these files.
pub(crate) fn routes(below: &str, files: &Files) -> Router {
    let hash = scripts_hash();
    let dev = files.dev;
    let script = async move |path: ScriptPath, headers: HeaderMap| {
        let Ok(Path((wanted, name))) = path else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let script = SCRIPTS
            .iter()
            .find(|script| script.name == name && (dev || name != DEV));
        match script {
            Some(script) if wanted == hash => script.asset.answer(&headers),
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    };
    let mut router = Router::new().route(&format!("{below}/{{hash}}/{{script}}"), get(script));
    let stylesheets = std::iter::once(STYLE).chain(files.stylesheets.iter().copied());
    let stylesheets = stylesheets.map(|css| (stylesheet_path(below, css), "text/css", css));
    let scripts = files.scripts.iter().copied();
    let scripts = scripts.map(|script| (script_path(below, script), "text/javascript", script));
    let all: BTreeMap<_, _> = stylesheets
        .chain(scripts)
        .chain([(icon_path(below), SVG, ICON)])
        .map(|(path, kind, text)| (path, (kind, text)))
        .collect();
    for (path, (kind, text)) in all {
        let asset = Arc::new(LazyLock::new(move || Asset::pack(kind, text)));
        router = router.route(
            &path,
            get(async move |headers: HeaderMap| -> Response { asset.answer(&headers) }),
        );
    }
    router
}

fn script_path(below: &str, script: &str) -> String {
    let hash = xxh3_64(script.as_bytes());
    format!("{below}/script-{hash:016x}.js")
}

fn stylesheet_path(below: &str, css: &str) -> String {
    let hash = xxh3_64(css.as_bytes());
    format!("{below}/style-{hash:016x}.css")
}

fn icon_path(below: &str) -> String {
    let hash = xxh3_64(ICON.as_bytes());
    format!("{below}/icon-{hash:016x}.svg")
}

/// One hash for all scripts, because they load each other by relative paths.
fn scripts_hash() -> String {
    let mut hash = Xxh3::new();
    for script in &SCRIPTS {
        hash.update(script.name.as_bytes());
        hash.update(script.text.as_bytes());
    }
    format!("{:016x}", hash.digest())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In bytes, with brotli. What a page loads before it is interactive may take 12 KiB, and the worker 2 KiB.
    /// The other limits are close to the present sizes: lower them when a file gets smaller.
    #[test]
    fn the_client_is_small() {
        for (names, limit) in [
            (&["early.js", "boot.js"][..], 12_250),
            (&["patches.js"], 3_300),
            (&["words.js"], 1_200),
            (&["further.js"], 900),
            (&["hub-worker.js"], 2_048),
            (&["own-stream.js"], 1_900),
        ] {
            let scripts = SCRIPTS.iter().filter(|script| names.contains(&script.name));
            let size: usize = scripts.map(|script| script.asset.size_of_brotli()).sum();
            assert!(
                size > 0 && size <= limit,
                "{names:?} take {size} bytes of {limit}"
            );
        }
    }
}
