//! The parts of the client that are separate files: which pages load them, and what happens
//! while they load, or if they do not arrive.

use http::StatusCode;
use serde_json::json;
use via::prelude::*;
use via_tests::chromium::{Browser, Page};
use via_tests::proxy::{Exchange, Fate, Proxy};
use via_tests::serving::Serving;

/// Counts. What the first action adds has expressions that most pages do not have.
#[via::page("/")]
struct Plain {
    #[state]
    count: u64,
    #[state]
    more: bool,
}

#[via::actions]
impl Plain {
    fn add(&mut self) {
        self.count += 1;
    }

    fn show_more(&mut self) {
        self.more = true;
    }
}

impl View for Plain {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            output { (self.count) }
            button #add data-on:click=(cx.add()) { "add" }
            button #more data-on:click=(cx.show_more()) { "more" }
            @if self.more {
                input #keys data-on:keydown="evt.key === 'Enter' && @post('?via=Plain::add')";
                button #late data-on:click={ "__debounce.10ms " (cx.add()) } { "late" }
            }
        }
    }
}

/// Has such expressions from the first document on.
#[via::page("/more")]
struct More {
    #[state]
    count: u64,
    #[signal(tab, default = 20)]
    step: i64,
}

#[via::actions]
impl More {
    fn add(&mut self) {
        self.count += u64::try_from(self.step).unwrap_or_default();
    }
}

impl View for More {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            output { (self.count) }
            p data-text=(cx.step() + 1) {}
            button #step data-on:click=(cx.step().set(cx.step() + 1)) { "step" }
            button #add data-on:click=(cx.add()) { "add" }
        }
    }
}

struct Scene {
    _server: Serving,
    proxy: Proxy,
    page: Page,
}

/// A tab that shows no page yet, so that the proxy sees everything that the first page loads.
async fn scene() -> Scene {
    let server = Serving::start(via::App::new().page::<Plain>().page::<More>()).await;
    let proxy = Proxy::start(server.address());
    let page = Browser::shared().profile().open("about:blank");
    Scene {
        _server: server,
        proxy,
        page,
    }
}

impl Scene {
    fn shows(&self, count: u64) {
        self.page.wait_for(&format!(
            "document.querySelector('output')?.textContent === '{count}'"
        ));
    }

    /// The scripts that were loaded, except the worker, which all tabs of a browser share.
    fn loaded(&self) -> Vec<String> {
        let mut names: Vec<_> = self
            .proxy
            .exchanges()
            .into_iter()
            .filter_map(|exchange| Some(exchange.path.rsplit_once('/')?.1.to_owned()))
            .filter(|name| {
                name.strip_suffix(".js")
                    .is_some_and(|name| name != "hub-worker")
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

fn is_part(exchange: &Exchange, name: &str) -> bool {
    exchange.path.ends_with(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_loads_the_parts_that_it_needs_and_no_others() {
    let scene = scene().await;
    scene.page.goto(&scene.proxy.url("/"));
    scene.page.online();
    scene.page.click("#add");
    scene.shows(1);
    assert_eq!(scene.loaded(), ["boot.js", "early.js", "patches.js"]);

    scene.page.click("#more");
    scene.page.wait_for("document.getElementById('keys')");
    scene.page.click("#keys");
    scene.page.press("a");
    scene.page.press("Enter");
    scene.shows(2);
    scene.page.click("#late");
    scene.shows(3);
    assert_eq!(
        scene.loaded(),
        [
            "boot.js",
            "early.js",
            "further.js",
            "patches.js",
            "words.js"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_begins_when_its_parts_are_there_and_loses_no_click() {
    let scene = scene().await;
    scene.proxy.rule(|request| {
        if is_part(request, "/words.js") {
            Fate::Hold
        } else {
            Fate::Pass
        }
    });
    scene.page.goto(&scene.proxy.url("/more"));
    scene.page.wait_for("window.via?.call");
    scene.page.click("#step");
    scene.page.click("#add");
    scene
        .page
        .eval("void (window.called = via.call('More::add').then(() => true))");
    // The server has already rendered what the client would show.
    assert_eq!(
        scene.page.eval("document.querySelector('p').textContent"),
        "21"
    );
    assert_eq!(scene.proxy.count(|request| request.is("action")), 0);
    scene.proxy.pass();
    scene.proxy.release();
    assert_eq!(scene.page.eval("called"), true);
    // The call came last, and used the step after the click.
    scene.shows(42);
    assert_eq!(
        scene.page.eval("document.querySelector('p').textContent"),
        "22"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_wait_for_a_part_and_keep_their_order() {
    let scene = scene().await;
    let page = &scene.page;
    page.goto(&scene.proxy.url("/"));
    page.online();
    page.eval(
        "{ window.seen = []; via.on('via:frame', () => seen.push(document.querySelector('output').textContent)); }",
    );
    scene.proxy.rule(|request| {
        if is_part(request, "/words.js") {
            Fate::Hold
        } else {
            Fate::Pass
        }
    });
    page.click("#more");
    scene
        .proxy
        .wait_for(1, |request| is_part(request, "/words.js"));
    for _ in 0..3 {
        page.click("#add");
    }
    page.settled();
    assert_eq!(page.eval("seen"), json!([]));
    scene.proxy.pass();
    scene.proxy.release();
    scene.shows(3);
    let seen: Vec<u64> = serde_json::from_value(page.eval("seen.map(Number)")).unwrap();
    assert!(seen[0] == 0 && seen.is_sorted(), "{seen:?}");
    page.click("#keys");
    page.press("Enter");
    scene.shows(4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_does_not_come_is_asked_for_again() {
    let scene = scene().await;
    scene.page.expect_network_errors();
    scene.proxy.rule(|request| {
        let is_late = is_part(request, "/words.js") || is_part(request, "/patches.js");
        match request.nth {
            1 if is_late => Fate::DropRequest,
            2 if is_late => Fate::Answer(StatusCode::BAD_GATEWAY),
            _ => Fate::Pass,
        }
    });
    scene.page.goto(&scene.proxy.url("/more"));
    scene.page.online();
    let navigations = scene.page.navigations();
    scene.page.click("#step");
    scene.page.click("#add");
    scene.shows(21);
    assert_eq!(scene.page.navigations(), navigations);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_the_server_has_no_more_reloads_the_page_once() {
    let scene = scene().await;
    let page = &scene.page;
    page.goto(&scene.proxy.url("/"));
    page.online();
    page.expect("404");
    let navigations = page.navigations();
    scene.proxy.rule(|request| {
        if is_part(request, "/words.js") {
            Fate::Answer(StatusCode::NOT_FOUND)
        } else {
            Fate::Pass
        }
    });
    page.click("#more");
    page.wait_for(
        "document.querySelector('.via-notice')?.firstChild.data === 'This page is out of date. Please reload it.'",
    );
    assert_eq!(page.navigations(), navigations + 1);
    scene.proxy.pass();
    page.click(".via-notice button");
    page.wait_for("document.getElementById('keys') && !document.querySelector('.via-notice')");
    page.online();
    page.click("#keys");
    page.press("Enter");
    scene.shows(1);
    assert_eq!(page.navigations(), navigations + 2);
}
