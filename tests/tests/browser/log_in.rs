//! Log-in and log-out in a real browser: all tabs follow, none of them reloads, no click is lost.

use serde_json::Value;
use via::prelude::*;
use via_tests::chromium::{Browser, Page, Profile};
use via_tests::client::Visitor;
use via_tests::proxy::Proxy;
use via_tests::serving::Serving;

#[via::page("/")]
struct Office {
    #[state]
    count: u32,
    #[signal(tab)]
    draft: String,
}

#[via::actions]
impl Office {
    fn log_in(&mut self, fx: &mut Effects) -> Result<(), via::EffectError> {
        self.draft.clear();
        fx.session().login("anna")
    }

    fn log_out(&mut self, fx: &mut Effects) {
        self.draft.clear();
        fx.session().logout();
    }

    fn rotate(&mut self, fx: &mut Effects) {
        self.count += 1;
        fx.session().rotate();
    }

    fn add(&mut self) {
        self.count += 1;
    }

    async fn end_others(task: Task<Self>) -> via::Result<()> {
        if let Some(principal) = task.principal().await? {
            let sessions = task.sessions();
            sessions.end_others(&principal, &task.session()).await?;
        }
        Ok(())
    }
}

impl View for Office {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            p id="who" { (cx.principal().unwrap_or("nobody")) }
            output { (self.count) }
            input data-bind=(cx.draft());
            button id="add" data-on:click=(cx.add()) { "Add" }
            button id="rotate" data-on:click=(cx.rotate()) { "Rotate" }
            button id="log_in" data-on:click=(cx.log_in()) { "Log in" }
            button id="log_out" data-on:click=(cx.log_out()) { "Log out" }
            button id="end_others" data-on:click=(cx.end_others()) { "Log out everywhere else" }
        }
    }
}

const ONLINE: &str = "document.documentElement.dataset.viaConnection === 'online'";
const MARKER: &str = "window.marker";

async fn serve() -> Serving {
    Serving::start(via::App::new().page::<Office>()).await
}

/// How often each tab is clicked while the secret changes.
const ROUNDS: u32 = 20;

/// A tab whose live stream is open and whose document is marked.
fn open(profile: &Profile, url: &str) -> Page {
    let page = profile.open_live(url);
    page.eval(&format!("{MARKER} = 'the same document'"));
    page
}

fn shows(page: &Page, who: &str, count: u32) {
    page.wait_for(&format!(
        "document.querySelector('#who').textContent === '{who}' &&
         document.querySelector('output').textContent === '{count}'"
    ));
}

/// No document was reloaded, no message was shown to the user, and nothing failed.
fn undisturbed(pages: &[Page]) {
    for page in pages {
        page.settled();
        page.online();
        assert_eq!(page.eval(MARKER), "the same document");
        assert_eq!(page.navigations(), 1);
        assert_eq!(notices(page), Vec::<Value>::new());
        page.assert_clean();
    }
}

fn notices(page: &Page) -> Vec<Value> {
    let notices = page
        .eval("Array.from(document.querySelectorAll('.via-notice'), (it) => it.firstChild.data)");
    notices.as_array().unwrap().clone()
}

fn cookie(profile: &Profile) -> (String, String) {
    let mut cookies = profile.cookies();
    let cookie = cookies.pop().expect("a cookie");
    assert!(cookies.is_empty(), "{cookies:?}");
    (cookie.name, cookie.value)
}

/// What a client sees that has only this cookie.
async fn seen_with(server: &Serving, (name, value): &(String, String)) -> String {
    let visitor: Visitor = server.visitor();
    visitor.set_cookie(name, value);
    visitor.get("/").await.text()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_tabs_go_on_when_one_of_them_logs_in_and_another_one_out() {
    let server = serve().await;
    let profile = Browser::shared().profile();
    let url = format!("http://{}/", server.address());
    let tabs: Vec<_> = (0..3).map(|_| open(&profile, &url)).collect();
    tabs[1].click("#add");
    tabs[2].click("input");
    tabs[2].type_text("half a sen");
    let mut cookies = vec![cookie(&profile)];

    tabs[0].click("#log_in");
    for tab in &tabs {
        shows(tab, "anna", 1);
    }
    cookies.push(cookie(&profile));
    tabs[2].type_text("tence");
    for (count, tab) in (2..).zip(&tabs) {
        tab.click("#add");
        shows(tab, "anna", count);
    }
    undisturbed(&tabs);

    tabs[1].click("#log_out");
    for tab in &tabs {
        shows(tab, "nobody", 0);
    }
    cookies.push(cookie(&profile));
    for (count, tab) in (1..).zip(&tabs) {
        tab.click("#add");
        shows(tab, "nobody", count);
    }
    undisturbed(&tabs);

    for (place, old) in cookies.iter().enumerate() {
        assert!(!cookies[..place].contains(old));
        let seen = seen_with(&server, old).await;
        let is_current = place == 2;
        assert_eq!(seen.contains("<output>3</output>"), is_current, "{seen}");
        assert!(!seen.contains("anna"), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_stays_over_a_log_in() {
    let server = serve().await;
    let profile = Browser::shared().profile();
    let url = format!("http://{}/", server.address());
    let tabs = [open(&profile, &url), open(&profile, &url)];
    tabs[1].click("input");
    tabs[1].type_text("half a sen");
    tabs[0].click("#log_in");
    shows(&tabs[1], "anna", 0);
    tabs[1].type_text("tence");
    assert_eq!(
        tabs[1].eval("document.querySelector('input').value"),
        "half a sentence"
    );
    undisturbed(&tabs);
}

#[tokio::test(flavor = "multi_thread")]
async fn clicks_in_all_tabs_while_the_secret_changes_count_once() {
    let server = serve().await;
    let profile = Browser::shared().profile();
    let url = format!("http://{}/", server.address());
    let tabs: Vec<_> = (0..3).map(|_| open(&profile, &url)).collect();
    tabs[0].click("#log_in");
    shows(&tabs[0], "anna", 0);
    for tab in &tabs {
        // A request that crosses a change is told to come back with the new cookie (503).
        tab.expect_network_errors();
    }
    let clicks = format!(
        "(async () => {{
            for (let n = 0; n < {ROUNDS}; n++) {{
                document.querySelector(n % 4 || !window.rotates ? '#add' : '#rotate').click();
                await new Promise((resolve) => setTimeout(resolve, 20));
            }}
        }})()"
    );
    tabs[0].eval("window.rotates = true");
    std::thread::scope(|scope| {
        for tab in &tabs {
            scope.spawn(|| tab.eval(&clicks));
        }
    });
    for tab in &tabs {
        tab.settled();
    }
    for tab in &tabs {
        shows(tab, "anna", 3 * ROUNDS);
    }
    undisturbed(&tabs);
}

/// Holds the answers to actions back until the page is told to let them go.
const HOLD_ACTIONS: &str = "{
    const real = window.fetch;
    const held = new Promise((resolve) => { window.release = resolve; });
    window.fetch = async (url, options) => {
        if (options?.headers?.['Via-Request'] === 'action') await held;
        return real(url, options);
    };
}";

#[tokio::test(flavor = "multi_thread")]
async fn a_click_that_waited_is_not_carried_out_for_the_next_user_and_the_page_says_so() {
    let server = serve().await;
    let profile = Browser::shared().profile();
    let url = format!("http://{}/", server.address());
    let tabs = [open(&profile, &url), open(&profile, &url)];
    tabs[0].click("#log_in");
    for tab in &tabs {
        shows(tab, "anna", 0);
    }
    tabs[0].settled();
    tabs[1].eval(HOLD_ACTIONS);
    tabs[1].eval("document.querySelector('#add').click(); 0");
    tabs[0].click("#log_out");
    for tab in &tabs {
        shows(tab, "nobody", 0);
    }
    tabs[1].expect("status of 409");
    tabs[1].expect("identity_changed");
    tabs[1].eval("window.release()");
    tabs[1].wait_for("document.querySelector('.via-notice')");
    assert_eq!(
        notices(&tabs[1]),
        [
            "Your login has changed since this page was shown, so your last action was not done. \
             Please check, then try again."
        ]
    );
    tabs[1].settled();
    // What the user clicks now belongs to the user whom the page shows now.
    tabs[1].click("#add");
    for tab in &tabs {
        shows(tab, "nobody", 1);
    }
    assert_eq!(tabs[1].navigations(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_ended_elsewhere_tells_its_tabs_and_lets_go_of_its_stream() {
    let server = serve().await;
    let proxy = Proxy::start(server.address());
    let (home, phone) = (Browser::shared().profile(), Browser::shared().profile());
    let tabs = [open(&phone, &proxy.url("/")), open(&phone, &proxy.url("/"))];
    tabs[0].click("#log_in");
    for tab in &tabs {
        shows(tab, "anna", 0);
        tab.online();
    }
    let here = open(&home, &format!("http://{}/", server.address()));
    here.click("#log_in");
    shows(&here, "anna", 0);
    here.click("#add");
    shows(&here, "anna", 1);
    let ended = cookie(&phone);

    here.click("#end_others");
    for tab in &tabs {
        tab.wait_for("document.querySelector('.via-notice button')");
        assert_eq!(
            notices(tab),
            ["Your session has ended. Reload the page to start again."]
        );
        assert_eq!(tab.navigations(), 1);
    }
    let streams = proxy.count(|request| request.is("stream"));
    // Nothing works here any more, and a user who tries is told so.
    tabs[0].expect("status of 401");
    tabs[0].click("#add");
    tabs[0].settled();
    assert_eq!(
        notices(&tabs[0]),
        ["Your session has ended. Reload the page to start again."]
    );
    assert_eq!(proxy.count(|request| request.is("stream")), streams);
    let seen = seen_with(&server, &ended).await;
    assert!(seen.contains("nobody"), "{seen}");

    tabs[0].click(".via-notice button");
    tabs[0].wait_for(&format!("{MARKER} === undefined && {ONLINE}"));
    tabs[0].click("#add");
    shows(&tabs[0], "nobody", 1);
    assert_ne!(cookie(&phone), ended);

    shows(&here, "anna", 1);
    here.click("#add");
    shows(&here, "anna", 2);
    undisturbed(&[here]);
}
