//! The browser harness against a small server: it detects what it claims to detect.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use via_tests::chromium::{Browser, Kind, Page, Profile};
use via_tests::fixture::{Fixture, Reply};

const POLICY: &str = "default-src 'self'; script-src 'self'";

/// A page with the given body and script, under a strict policy.
fn site(body: &'static str, script: &'static str) -> Fixture {
    Fixture::start(move |request| match request.uri().path() {
        "/" => Reply::html(format!(
            "<!doctype html><title>t</title><body>{body}<script src=/script.js></script>"
        ))
        .header("content-security-policy", POLICY),
        "/script.js" => Reply::script(script),
        _ => Reply::status(http::StatusCode::NOT_FOUND),
    })
}

fn open(site: &Fixture) -> (Profile, Page) {
    let profile = Browser::shared().profile();
    let page = profile.open(&site.url("/"));
    (profile, page)
}

/// The failure message when the page closes.
fn complaint(page: Page) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| page.close())).expect_err("the page is not clean");
    *panic.downcast::<String>().expect("a message")
}

#[test]
fn an_expression_gives_its_value_and_a_promise_is_awaited() {
    let site = site("<h1>Hello</h1>", "");
    let (_, page) = open(&site);
    assert_eq!(
        page.eval("document.querySelector('h1').textContent"),
        "Hello"
    );
    assert_eq!(
        page.eval("new Promise((done) => setTimeout(done, 1, [1, 'a']))"),
        serde_json::json!([1, "a"])
    );
    let error = page.try_eval("null.x").unwrap_err();
    assert!(error.contains("TypeError"), "{error}");
    let error = page
        .try_eval("Promise.reject(new Error('no'))")
        .unwrap_err();
    assert!(error.contains("no"), "{error}");
}

#[test]
fn a_click_reaches_the_element_once_it_is_there() {
    let site = site(
        "",
        "setTimeout(() => {
            const button = document.createElement('button');
            button.textContent = 'Go';
            button.onclick = (event) => { window.clicked = event.isTrusted; };
            document.body.append(button);
        }, 50)",
    );
    let (_, page) = open(&site);
    page.click("button");
    assert_eq!(page.wait_for("window.clicked"), true);
}

#[test]
fn typing_presses_keys_and_leaves_the_caret_behind_the_text() {
    let site = site(
        "<input><textarea></textarea>",
        "window.keys = []; document.onkeydown = (event) => keys.push(event.key);",
    );
    let (_, page) = open(&site);
    page.click("input");
    page.type_text("Hi 5");
    page.press("ArrowLeft");
    page.press("Backspace");
    assert_eq!(page.eval("document.querySelector('input').value"), "Hi5");
    assert_eq!(
        page.eval("document.querySelector('input').selectionStart"),
        2
    );
    assert_eq!(page.eval("keys.join()"), "H,i, ,5,ArrowLeft,Backspace");
    page.press("Tab");
    page.type_text("a\nb");
    assert_eq!(
        page.eval("document.querySelector('textarea').value"),
        "a\nb"
    );
    page.press("Control+a");
    page.press("Delete");
    assert_eq!(page.eval("document.querySelector('textarea').value"), "");
}

#[test]
fn a_composition_can_be_shown_and_ended() {
    let site = site(
        "<input>",
        "window.seen = []; for (const name of ['compositionstart', 'compositionend'])
             document.addEventListener(name, (event) => seen.push(name + ' ' + event.data));",
    );
    let (_, page) = open(&site);
    page.click("input");
    page.compose("に");
    page.compose("にほ");
    assert_eq!(page.eval("document.querySelector('input').value"), "にほ");
    page.insert_text("日本");
    assert_eq!(page.eval("document.querySelector('input').value"), "日本");
    assert_eq!(
        page.eval("seen.join()"),
        "compositionstart ,compositionend 日本"
    );
}

#[test]
fn two_profiles_have_separate_cookies_and_tabs_of_one_share_them() {
    let visitors = Arc::new(AtomicU64::new(0));
    let site = Fixture::start(move |request| {
        let reply = Reply::html("<!doctype html><title>t</title>");
        if request.headers().contains_key("cookie") {
            return reply;
        }
        let number = visitors.fetch_add(1, Ordering::Relaxed);
        reply.header(
            "set-cookie",
            &format!("who={number}; HttpOnly; SameSite=Lax; Path=/"),
        )
    });
    let browser = Browser::shared();
    let (ann, bob) = (browser.profile(), browser.profile());
    let (page, other) = (ann.open(&site.url("/")), bob.open(&site.url("/")));
    let second = ann.open(&site.url("/second"));
    let who = |page: &Page| page.cookies().remove(0);
    assert_ne!(who(&page).value, who(&other).value);
    assert_eq!(who(&page).value, who(&second).value);
    assert_eq!(ann.cookies(), [who(&page)]);
    let cookie = who(&page);
    assert!(cookie.http_only && !cookie.secure);
    assert_eq!(cookie.same_site.as_deref(), Some("Lax"));
    assert_eq!((cookie.path.as_str(), cookie.expires), ("/", None));
    ann.clear_cookies();
    assert!(ann.cookies().is_empty() && bob.cookies().len() == 1);
}

#[test]
fn tabs_are_visible_side_by_side_and_one_can_be_hidden() {
    let site = site("<input>", "");
    let (profile, page) = open(&site);
    let other = profile.open(&site.url("/"));
    let state = "document.visibilityState + ' ' + document.hasFocus()";
    assert_eq!(page.eval(state), "visible true");
    assert_eq!(other.eval(state), "visible true");
    page.hide();
    assert_eq!(other.eval(state), "visible true");
    page.show();
    assert_eq!(page.eval(state), "visible true");
}

#[test]
fn frozen_pages_are_told_so() {
    let site = site(
        "",
        "window.seen = []; for (const name of ['freeze', 'resume'])
             document.addEventListener(name, () => seen.push(name));",
    );
    let (_, page) = open(&site);
    page.hide();
    page.freeze();
    page.resume();
    page.show();
    assert_eq!(
        page.wait_for("seen.length === 2 && seen.join()"),
        "freeze,resume"
    );
}

#[test]
fn a_page_can_be_offline() {
    let site = site("", "");
    let (_, page) = open(&site);
    page.expect_network_errors();
    page.set_offline(true);
    assert_eq!(
        page.wait_for("!navigator.onLine && fetch('/').catch(() => 'no')"),
        "no"
    );
    page.set_offline(false);
    assert_eq!(
        page.wait_for("navigator.onLine && fetch('/').then((answer) => answer.status)"),
        200
    );
}

#[test]
fn reload_and_history_wait_for_the_page() {
    let site = site("", "");
    let (_, page) = open(&site);
    page.eval("window.mark = 1");
    page.reload();
    assert_eq!(page.eval("typeof window.mark"), "undefined");
    page.eval("window.mark = 2");
    page.goto("about:blank");
    page.back();
    page.wait_for("location.pathname === '/'");
    page.forward();
    page.wait_for("location.href === 'about:blank'");
    assert_eq!(page.navigations(), 5);
}

#[test]
fn waiting_survives_a_navigation() {
    let site = site(
        "",
        "if (!location.search) setTimeout(() => { location.search = '?again'; }, 30);",
    );
    let (_, page) = open(&site);
    page.wait_for("location.search === '?again'");
}

#[test]
fn a_condition_that_stays_false_is_reported_with_the_document_and_the_console() {
    let site = site("<h1>Present state</h1>", "console.log('a hint');");
    let (_, page) = open(&site);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        page.wait_for_within(
            "document.querySelector('h2').isThere",
            std::time::Duration::from_millis(50),
        )
    }))
    .unwrap_err();
    let message = panic.downcast::<String>().unwrap();
    for part in [
        "document.querySelector('h2').isThere",
        "TypeError",
        "Present state",
        "a hint",
    ] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}

#[test]
fn a_console_error_is_caught() {
    let site = site(
        "",
        "console.warn('fine'); console.error('broken', { by: 2 });",
    );
    let (_, page) = open(&site);
    assert_eq!(page.problems().len(), 1);
    assert!(complaint(page).contains("Console in page: broken"));
}

#[test]
fn an_uncaught_exception_is_caught() {
    let site = site("", "setTimeout(() => { throw new Error('late') }, 1);");
    let (_, page) = open(&site);
    page.wait_for("new Promise((done) => setTimeout(done, 5, true))");
    assert!(complaint(page).contains("Exception in page: Uncaught Error: late"));
}

#[test]
fn an_unhandled_rejection_is_caught_on_drop_too() {
    let site = site("", "Promise.reject(new Error('nobody cares'));");
    let (profile, page) = open(&site);
    let panic = catch_unwind(AssertUnwindSafe(|| drop(page))).unwrap_err();
    assert!(panic.downcast::<String>().unwrap().contains("nobody cares"));
    drop(profile);
}

#[test]
fn a_violation_of_the_policy_is_caught_and_can_be_expected() {
    let site = site("<script>window.ran = true</script>", "");
    let (profile, page) = open(&site);
    assert_eq!(page.eval("typeof window.ran"), "undefined");
    assert_eq!(page.take_violations(), ["script-src-elem blocked inline"]);
    page.close();
    let page = profile.open(&site.url("/"));
    assert!(complaint(page).contains("Violation in page: script-src-elem blocked inline"));
}

#[test]
fn the_tools_are_bound_by_the_policy_of_the_page() {
    let site = site("", "");
    let (_, page) = open(&site);
    let error = page.try_eval("eval('1')").unwrap_err();
    assert!(error.contains("EvalError"), "{error}");
    assert_eq!(page.take_violations(), ["script-src blocked eval"]);
}

#[test]
fn a_failed_request_is_caught_and_only_outages_can_be_expected_as_such() {
    let site = site("", "");
    let (profile, page) = open(&site);
    page.expect_network_errors();
    let _ = page.eval("fetch('/missing').then((answer) => answer.status)");
    assert_eq!(page.problems().len(), 1, "a 404 is not an outage");
    page.expect("/missing");
    page.close();
    let root = site.url("/");
    let page = profile.open(&root);
    drop(site);
    assert_eq!(page.eval("fetch('/').catch(() => 'refused')"), "refused");
    // The browser asks for the icon at any time, maybe only now.
    let mut problems = page.problems();
    problems.retain(|problem| problem.url == root);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].kind, Kind::Network);
    page.expect_network_errors();
    page.close();
}

#[test]
fn dialogs_are_answered_and_caught() {
    let site = site("", "window.answer = confirm('Really?');");
    let (_, page) = open(&site);
    assert_eq!(page.eval("answer"), true);
    assert!(complaint(page).contains("Dialog in page: Really?"));
}

#[test]
fn problems_of_a_worker_belong_to_its_page() {
    let site = Fixture::start(|request| match request.uri().path() {
        "/" => Reply::html("<!doctype html><title>t</title><script src=/script.js></script>"),
        "/script.js" => {
            Reply::script("new Worker('/worker.js').onmessage = () => { window.done = true; };")
        }
        _ => Reply::script("console.error('from the worker'); postMessage(1);"),
    });
    let (_, page) = open(&site);
    page.wait_for("window.done");
    assert!(complaint(page).contains("Console in worker http://"));
}

/// A site with a shared worker that counts its tabs and fails on request.
fn shared() -> Fixture {
    Fixture::start(|request| {
        match request.uri().path() {
        "/" => Reply::html("<!doctype html><title>t</title><script src=/script.js></script>"),
        "/script.js" => Reply::script(
            "window.hub = new SharedWorker('/worker.js');
             hub.port.onmessage = (event) => { window.tabs = event.data; };",
        ),
        _ => Reply::script(
            "let tabs = 0;
             console.log('early');
             onconnect = (event) => {
                 const port = event.ports[0];
                 port.postMessage(++tabs);
                 port.onmessage = () => { console.error('from the hub'); port.postMessage('said'); };
             };",
        ),
    }
    })
}

#[test]
fn problems_of_a_shared_worker_belong_to_the_pages_of_its_profile() {
    let site = shared();
    let browser = Browser::shared();
    let (profile, other) = (browser.profile(), browser.profile());
    let (first, second) = (profile.open(&site.url("/")), profile.open(&site.url("/")));
    let stranger = other.open(&site.url("/"));
    assert_eq!(second.wait_for("window.tabs"), 2);
    assert_eq!(stranger.wait_for("window.tabs"), 1);
    first.eval("hub.port.postMessage(0)");
    first.wait_for("tabs === 'said'");
    stranger.close();
    assert!(complaint(second).contains("Console in shared_worker http://"));
    let complaint = catch_unwind(AssertUnwindSafe(|| {
        drop(first);
        drop(profile);
    }));
    assert!(
        complaint.is_err(),
        "the profile complains when it is closed"
    );
}

#[test]
fn a_shared_worker_can_be_ended() {
    let site = shared();
    let (profile, page) = open(&site);
    assert_eq!(page.wait_for("window.tabs"), 1);
    assert_eq!(profile.end_shared_workers(), 1);
    let page = profile.open(&site.url("/"));
    assert_eq!(page.wait_for("window.tabs"), 1);
}

#[test]
fn a_picture_can_be_taken() {
    let site = site("<h1>Hello</h1>", "");
    let (_, page) = open(&site);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("page.png");
    page.screenshot(&path);
    assert!(std::fs::read(path).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn a_crashed_page_can_be_left_behind() {
    let site = site("", "");
    let profile = Browser::launch().profile();
    let page = profile.open(&site.url("/"));
    page.crash();
    drop(page);
    let page = profile.open(&site.url("/"));
    assert_eq!(page.eval("1 + 1"), 2);
}

#[test]
fn nothing_is_left_of_a_browser() {
    let browser = Browser::launch();
    let version = browser.version();
    assert!(version.contains("Chrome/"), "{version}");
    let directory = browser.directory();
    assert!(directory.is_dir());
    drop(browser);
    assert!(!directory.exists());
}
