//! The modules of the client in source form: a browser runs them without a build.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::{fs, io};

use axum::Router;
use axum::extract;
use axum::routing::get;
use http::{StatusCode, header};
use serde_json::json;
use via::prelude::*;
use via_tests::chromium::Browser;

const MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../via/client");

/// Needs every part of the client that a page loads.
#[via::page("/")]
struct Whole {
    #[state]
    count: u64,
    #[signal(tab, default = 20)]
    step: i64,
}

#[via::actions]
impl Whole {
    fn add(&mut self) {
        self.count += u64::try_from(self.step).unwrap_or_default();
    }
}

impl View for Whole {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            output { (self.count) }
            p data-text=(cx.step() + 1) {}
            button #step data-on:click=(cx.step().set(cx.step() + 1)) { "step" }
            button #add data-on:click={ "__debounce.10ms " (cx.add()) } { "add" }
        }
    }
}

/// The names of all modules but the tests.
fn modules() -> io::Result<BTreeSet<String>> {
    let entries = fs::read_dir(MODULES)?;
    let names: io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.file_name())).collect();
    let names = names?
        .into_iter()
        .filter_map(|name| name.into_string().ok());
    Ok(names
        .filter(|name| {
            let stem = name.strip_suffix(".js");
            stem.is_some_and(|stem| !stem.contains('.'))
        })
        .collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_runs_the_modules_as_they_are_written() {
    let modules = modules().unwrap();
    let loaded = Arc::new(Mutex::new(BTreeSet::new()));
    let served = {
        let (modules, loaded) = (modules.clone(), Arc::clone(&loaded));
        async move |extract::Path((_, name)): extract::Path<(String, String)>| {
            if !modules.contains(&name) {
                return Err(StatusCode::NOT_FOUND);
            }
            let text = fs::read_to_string(Path::new(MODULES).join(&name)).unwrap();
            loaded.lock().unwrap().insert(name);
            Ok(([(header::CONTENT_TYPE, "text/javascript")], text))
        }
    };
    let app = via::App::new().page::<Whole>().dev(true);
    let router = Router::new()
        .route("/_via/{hash}/{name}", get(served))
        .fallback_service(app.into_router());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let page = Browser::shared().profile().open(&url);
    page.wait_for("document.documentElement.dataset.viaConnection === 'online'");
    page.click("#step");
    page.wait_for("document.querySelector('p').textContent === '22'");
    page.click("#add");
    page.wait_for("document.querySelector('output').textContent === '21'");
    // The other modules, such as the one that replaces the worker.
    let import = "Promise.all(names.map((name) => import(new URL(name, boot))))";
    let boot = "document.querySelector('script[src$=\"/boot.js\"]').src";
    let imported = format!(
        "{{ const names = {}, boot = {boot}; {import}.then((all) => all.length) }}",
        json!(modules)
    );
    assert_eq!(page.eval(&imported), modules.len());
    page.close();
    assert_eq!(*loaded.lock().unwrap(), modules);
}
