//! What a user sees if something between the browser and the app answers instead of the app: a
//! proxy, a layer of the host, a form to sign in, the portal of a network.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{Method, StatusCode};
use tempfile::TempDir;
use via_tests::chromium::{Browser, Page, Profile};
use via_tests::proxy::{Exchange, Fate, Proxy};
use via_tests::server::{Options, Server};

const ANOTHER_SITE: &str = "http://localhost:9/sign-in";

/// A counter behind something that may answer in its place.
struct Scene {
    proxy: Proxy,
    profile: Profile,
    _server: Server,
    _directory: TempDir,
}

impl Scene {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let server = Server::build("counter-example").start(Options::sqlite(directory.path()));
        Self {
            proxy: Proxy::start(server.address()),
            profile: Browser::shared().profile(),
            _server: server,
            _directory: directory,
        }
    }

    fn open(&self) -> Page {
        let page = self.profile.open_live(&self.proxy.url("/"));
        page.mark_document();
        page.expect("status of 4");
        page.expect("status of 5");
        page.expect("something other than the app answered");
        page
    }

    fn documents(&self) -> usize {
        self.proxy.count(is_document)
    }

    /// Requests have this fate as long as the flag is set.
    fn while_set(&self, fate: Fate, of: fn(&Exchange) -> bool) -> Arc<AtomicBool> {
        let flag = Arc::new(AtomicBool::new(true));
        let is_set = Arc::clone(&flag);
        self.proxy.rule(move |request| {
            if of(request) && is_set.load(Ordering::SeqCst) {
                fate
            } else {
                Fate::Pass
            }
        });
        flag
    }
}

fn is_document(request: &Exchange) -> bool {
    request.method == Method::GET && request.path == "/"
}

fn is_action(request: &Exchange) -> bool {
    request.is("action")
}

fn notice(page: &Page, text: &str) {
    page.wait_for(&format!(
        "[...document.querySelectorAll('.via-notice')].some(({{ firstChild }}) => firstChild.data === `{text}`)"
    ));
}

fn banner(page: &Page, text: &str) {
    page.wait_for(&format!(
        "document.querySelector('.via-banner').textContent === '{text}'"
    ));
}

fn is_the_same_document(page: &Page) {
    assert_eq!(page.eval("window.marker"), "the same document");
}

#[test]
fn a_refusal_of_something_else_is_told_and_the_next_click_is_done() {
    const NOT_ACCEPTED: &str = "This was not accepted. Please check, then try again.";
    const UNKNOWN: &str =
        "We cannot tell whether your last action was done. Please check, then try again.";
    let scene = Scene::new();
    let page = scene.open();
    for (n, (status, text)) in [
        (400, NOT_ACCEPTED.to_owned()),
        (
            401,
            format!("You may have to sign in again. {NOT_ACCEPTED}"),
        ),
        (
            403,
            format!("You may not be allowed to do this. {NOT_ACCEPTED}"),
        ),
        (404, NOT_ACCEPTED.to_owned()),
        (
            413,
            format!("This may be too much to send at once. {NOT_ACCEPTED}"),
        ),
        (500, UNKNOWN.to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        let fate = Fate::Answer(StatusCode::from_u16(status).unwrap());
        let blocked = scene.while_set(fate, is_action);
        page.click("button");
        notice(&page, &text);
        page.settled();
        blocked.store(false, Ordering::SeqCst);
        page.click("button");
        page.shows("output", n + 1);
        page.eval("document.querySelector('.via-notices').replaceChildren()");
    }
    is_the_same_document(&page);
    assert_eq!(scene.documents(), 1);
}

#[test]
fn after_a_lost_connection_a_refusal_leaves_open_what_was_done() {
    let scene = Scene::new();
    let page = scene.open();
    page.expect_network_errors();
    scene.while_set(Fate::DropAnswer, is_action);
    page.click("button");
    banner(&page, "Not saved yet. Still trying…");
    scene.while_set(Fate::Answer(StatusCode::FORBIDDEN), is_action);
    notice(
        &page,
        "You may not be allowed to do this. We cannot tell whether your last action was done. \
         Please check, then try again.",
    );
    page.shows("output", 1);
}

#[test]
fn a_page_that_is_redirected_shows_the_other_page_and_does_the_click_when_the_user_is_back() {
    for location in ["/sign-in", ANOTHER_SITE] {
        let scene = Scene::new();
        let page = scene.open();
        let is_signed_in = Arc::new(AtomicBool::new(false));
        let signed_in = Arc::clone(&is_signed_in);
        scene.proxy.rule(move |request| {
            if request.path == "/sign-in" {
                Fate::Answer(StatusCode::OK)
            } else if signed_in.load(Ordering::SeqCst) || request.path != "/" {
                Fate::Pass
            } else if request.method == Method::GET {
                Fate::Redirect("/sign-in")
            } else {
                Fate::Redirect(location)
            }
        });
        page.click("button");
        page.wait_for("location.pathname === '/sign-in'");
        is_signed_in.store(true, Ordering::SeqCst);
        page.goto(&scene.proxy.url("/"));
        page.online();
        page.shows("output", 1);
        page.click("button");
        page.shows("output", 2);
        page.settled();
        page.reload();
        page.online();
        page.shows("output", 2);
    }
}

#[test]
fn a_click_is_not_done_if_the_user_comes_back_late() {
    let scene = Scene::new();
    let page = scene.open();
    let elsewhere = scene.while_set(Fate::Redirect("/sign-in"), |request| {
        request.path == "/" && request.kind != "stream"
    });
    page.click("button");
    page.wait_for("location.pathname === '/sign-in'");
    elsewhere.store(false, Ordering::SeqCst);
    page.eval(
        "{
            const key = Object.keys(sessionStorage).find((key) => key.startsWith('via:handover:'));
            const left = JSON.parse(sessionStorage.getItem(key));
            sessionStorage.setItem(key, JSON.stringify({ ...left, until: Date.now() - 1 }));
        }",
    );
    page.goto(&scene.proxy.url("/"));
    page.online();
    notice(
        &page,
        "We cannot tell whether your last action was done. Please check, then try again.",
    );
    page.shows("output", 0);
}

#[test]
fn a_page_is_reloaded_once_for_answers_that_are_pages() {
    let scene = Scene::new();
    for fate in [
        Fate::Redirect("/elsewhere"),
        Fate::Redirect(ANOTHER_SITE),
        Fate::Answer(StatusCode::OK),
    ] {
        let page = scene.open();
        let count = page.eval("+document.querySelector('output').textContent");
        let count = count.as_u64().unwrap();
        let before = scene.documents();
        let flag = scene.while_set(fate, is_action);
        page.click("button");
        notice(
            &page,
            "You may have to sign in again. We cannot tell whether your last action was done. \
             Please check, then try again.",
        );
        page.settled();
        assert_eq!(scene.documents(), before + 1);
        page.online();
        flag.store(false, Ordering::SeqCst);
        page.click("button");
        page.shows("output", count + 1);
        page.close();
    }
}

#[test]
fn an_action_that_is_repeated_says_after_a_while_that_it_is_not_saved() {
    let scene = Scene::new();
    let page = scene.open();
    page.expect_network_errors();
    for (n, fate) in [
        Fate::Answer(StatusCode::SERVICE_UNAVAILABLE),
        Fate::Answer(StatusCode::TOO_MANY_REQUESTS),
        Fate::Answer(StatusCode::REQUEST_TIMEOUT),
        Fate::DropRequest,
    ]
    .into_iter()
    .enumerate()
    {
        let away = scene.while_set(fate, is_action);
        page.click("button");
        banner(&page, "Not saved yet. Still trying…");
        away.store(false, Ordering::SeqCst);
        page.shows("output", n + 1);
        banner(&page, "");
    }
    is_the_same_document(&page);
}

#[test]
fn a_page_that_cannot_attach_says_so_and_goes_on_when_it_can() {
    for fate in [
        Fate::Answer(StatusCode::UNAUTHORIZED),
        Fate::Answer(StatusCode::FORBIDDEN),
        Fate::Answer(StatusCode::NOT_FOUND),
        Fate::Answer(StatusCode::OK),
        Fate::Redirect("/elsewhere"),
        Fate::Redirect(ANOTHER_SITE),
    ] {
        let scene = Scene::new();
        let blocked = scene.while_set(fate, |request| request.is("attach"));
        let page = scene.profile.open(&scene.proxy.url("/"));
        page.expect("status of 4");
        page.expect("something other than the app answered");
        page.wait_for(
            "document.querySelector('.via-notice')?.firstChild.data.endsWith(\
             'This page cannot reach its server. It keeps trying.')",
        );
        page.click("button");
        blocked.store(false, Ordering::SeqCst);
        page.online();
        page.shows("output", 1);
        page.wait_for("!document.querySelector('.via-notice')");
        let is_page = matches!(fate, Fate::Redirect(_) | Fate::Answer(StatusCode::OK));
        assert_eq!(scene.documents(), if is_page { 2 } else { 1 }, "{fate:?}");
    }
}

#[test]
fn a_page_whose_stream_is_refused_says_so_and_comes_back() {
    let scene = Scene::new();
    let page = scene.open();
    for fate in [
        Fate::Answer(StatusCode::FORBIDDEN),
        Fate::Answer(StatusCode::OK),
        Fate::Redirect("/elsewhere"),
    ] {
        scene.profile.expect_network_errors();
        page.expect_network_errors();
        let refused = scene.while_set(fate, |request| request.is("stream"));
        scene.proxy.cut();
        banner(&page, "Reconnecting…");
        refused.store(false, Ordering::SeqCst);
        page.online();
        banner(&page, "");
    }
    is_the_same_document(&page);
    page.click("button");
    page.shows("output", 1);
}
