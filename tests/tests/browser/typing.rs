//! Typed or chosen values stay the user's. Other tabs of the session commit twenty times a
//! second, with other values for the same fields, and no character, caret or selection is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use via::prelude::*;
use via_tests::chromium::{Browser, Page};
use via_tests::client::{Action, Visitor};
use via_tests::figures::figure;
use via_tests::proxy::Proxy;
use via_tests::serving::Serving;

#[via::page("/")]
struct Desk {
    #[state]
    commits: u32,
    #[state]
    saved: String,
    #[signal]
    text: String,
    #[signal]
    area: String,
    #[signal(default = "b".to_owned())]
    choice: String,
    #[signal]
    flag: bool,
    #[signal(default = "b".to_owned())]
    radio: String,
}

#[via::actions]
impl Desk {
    /// The action of the other tabs. The signals in it are theirs.
    fn commit(&mut self) {
        self.commits += 1;
    }

    fn save(&mut self) {
        self.saved = [&self.text, &self.area, &self.choice, &self.radio]
            .map(String::as_str)
            .join("|");
        self.saved.push_str(if self.flag { "|on" } else { "|off" });
    }
}

impl View for Desk {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        let commits = self.commits;
        let choices = ["a", "b", "c"];
        html! {
            output #commits { (commits) }
            @if commits.is_multiple_of(2) { p { "comes and goes" } }
            input #text title=(commits) data-bind=(cx.text());
            div class={ "class-" (commits) } { textarea #area data-bind=(cx.area()) {} }
            // The server's values for these change all the time too.
            input #free value={ "from the server " (commits) };
            textarea #free-area { "from the server " (commits) }
            div #editable contenteditable="plaintext-only" { "from the server " (commits) }
            select #select data-bind=(cx.choice()) { @for each in choices { option value=(each) { (each) (commits) } } }
            input #check type="checkbox" title=(commits) data-bind=(cx.flag());
            @for each in choices {
                input id={ "radio-" (each) } type="radio" name="radio" value=(each) title=(commits) data-bind=(cx.radio());
            }
            // The server's values for these do not change, but the nodes around them do.
            p title=(commits) {
                select #free-select { @for each in choices { option value=(each) { (each) (commits) } } }
                input #free-check type="checkbox" title=(commits);
                @for each in choices {
                    input id={ "free-radio-" (each) } type="radio" name="free-radio" value=(each) title=(commits);
                }
            }
            @if commits.is_multiple_of(3) { ul { li { "this, too" } } }
            button #save data-on:click=(cx.save()) { "save" }
            output #saved { (self.saved) }
        }
    }
}

/// Records the state of the field in use after the user's last input and, at each commit that
/// the page shows, whether the state is still the same.
const WATCH: &str = "{
    window.state = () => {
        const field = document.activeElement;
        if (field.isContentEditable) {
            const { anchorOffset, focusOffset, anchorNode } = getSelection();
            return [field.id, field.textContent, anchorOffset, focusOffset, field.contains(anchorNode)].join();
        }
        return [field.id, field.value, field.selectionStart, field.selectionEnd, field.checked].join();
    };
    window.mine = null;
    window.lost = [];
    window.looks = 0;
    let busy = 0;
    const note = () => (mine = state());
    for (const type of ['keydown', 'mousedown']) addEventListener(type, () => busy++, true);
    for (const type of ['keyup', 'mouseup']) addEventListener(type, () => { busy = 0; note(); }, true);
    for (const type of ['input', 'compositionupdate']) addEventListener(type, note, true);
    new MutationObserver(() => {
        looks++;
        if (busy || mine === null) return;
        const now = state();
        if (now !== mine) lost.push(`${mine} became ${now}`);
        mine = now;
    }).observe(document.getElementById('commits'), { childList: true, characterData: true, subtree: true });
}";

/// Commits twenty times a second, as a tab of the same session that talks to the server directly.
struct Others {
    going: Arc<AtomicBool>,
    commits: Arc<AtomicU32>,
    task: JoinHandle<()>,
}

impl Others {
    async fn start(visitor: Visitor) -> Self {
        let tab = visitor.attach("/").await;
        let going = Arc::new(AtomicBool::new(true));
        let commits = Arc::new(AtomicU32::new(0));
        let (goes, counts) = (Arc::clone(&going), Arc::clone(&commits));
        let task = tokio::spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_millis(50));
            while goes.load(Ordering::SeqCst) {
                pace.tick().await;
                let n = counts.fetch_add(1, Ordering::SeqCst);
                let other = ["a", "c"][n as usize % 2];
                let action = Action::new("Desk::commit")
                    .edited("text", format!("theirs {n}"))
                    .edited("area", format!("theirs {n}"))
                    .edited("choice", other)
                    .edited("flag", n % 2 == 0)
                    .edited("radio", other);
                tab.act(action).await.assert_ok();
            }
        });
        Self {
            going,
            commits,
            task,
        }
    }

    async fn stop(self) -> u32 {
        self.going.store(false, Ordering::SeqCst);
        self.task.await.unwrap();
        self.commits.load(Ordering::SeqCst)
    }
}

/// Types as fast as a fast typist: thirty characters a second.
fn type_fast(page: &Page, keys: &[&str]) {
    let mut due = Instant::now();
    for key in keys {
        page.press(key);
        due += Duration::from_millis(33);
        sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// Focuses a field and makes it the user's: the next letter replaces its text. This does not click,
/// because nodes above the field come and go and move it.
fn take(page: &Page, field: &str) {
    page.eval(&format!(
        "mine = null; document.getElementById('{field}').focus()"
    ));
    page.press("x");
    page.press("Control+a");
}

fn letters(text: &str) -> Vec<String> {
    text.chars().map(String::from).collect()
}

/// Waits until the page has shown this many more commits.
fn look_on(page: &Page, commits: u32) {
    page.eval("window.seen = looks");
    page.wait_for(&format!("looks >= seen + {commits}"));
}

fn nothing_lost(page: &Page) {
    assert_eq!(page.eval("lost"), serde_json::json!([]));
}

struct Scene {
    _server: Serving,
    proxy: Proxy,
    page: Page,
    others: Others,
}

impl Scene {
    async fn new(latency: Duration) -> Self {
        let server = Serving::start(via::App::new().page::<Desk>()).await;
        let proxy = Proxy::start(server.address());
        let profile = Browser::shared().profile();
        let page = profile.open_live(&proxy.url("/"));
        proxy.latency(latency);
        // The stream opens again, with the latency.
        page.expect_network_errors();
        proxy.cut();
        proxy.wait_for(2, |request| request.is("stream"));
        page.online();
        page.eval(WATCH);
        let visitor = server.visitor();
        for cookie in profile.cookies() {
            visitor.set_cookie(&cookie.name, &cookie.value);
        }
        let others = Others::start(visitor).await;
        page.wait_for("Number(document.getElementById('commits').textContent) > 2");
        Self {
            _server: server,
            proxy,
            page,
            others,
        }
    }
}

/// Text fields: type into each one, with corrections in the middle and a selection that is replaced.
fn type_into_all(page: &Page) {
    for field in ["text", "area", "free", "free-area", "editable"] {
        take(page, field);
        let first = letters("the quick brown fox");
        type_fast(page, &first.iter().map(String::as_str).collect::<Vec<_>>());
        // An action carries the text so far, and the user types on while the action is in flight.
        page.eval("document.getElementById('save').click()");
        type_fast(
            page,
            &["ArrowLeft", "ArrowLeft", "ArrowLeft", "1", "2", "3"],
        );
        type_fast(page, &["Shift+ArrowLeft", "Shift+ArrowLeft"]);
        look_on(page, 4);
        type_fast(page, &["Z", "Y", "End", "!"]);
        look_on(page, 2);
        let found = page.eval("document.activeElement.value ?? document.activeElement.textContent");
        assert_eq!(found, "the quick brown 1ZYfox!", "{field}");
        nothing_lost(page);
    }
}

/// Choice fields.
fn choose_in_all(page: &Page) {
    // The other tabs never choose `b`, and they toggle each box.
    for (field, key) in [
        ("check", " "),
        ("free-check", " "),
        ("select", "b"),
        ("free-select", "b"),
    ] {
        page.eval(&format!(
            "mine = null; document.getElementById('{field}').focus()"
        ));
        page.press(key);
        page.wait_for("mine !== null");
        look_on(page, 4);
        if key == "b" {
            assert_eq!(page.eval("document.activeElement.value"), "b", "{field}");
        }
        nothing_lost(page);
    }
    for name in ["radio-b", "free-radio-b"] {
        page.eval(&format!(
            "mine = null; document.getElementById('{name}').focus()"
        ));
        page.press(" ");
        look_on(page, 4);
        assert_eq!(page.eval("document.activeElement.checked"), true, "{name}");
        nothing_lost(page);
    }
}

async fn run(latency: Duration) {
    let scene = Scene::new(latency).await;
    let page = &scene.page;
    let start = Instant::now();
    type_into_all(page);
    choose_in_all(page);
    let took = start.elapsed();
    let commits = scene.others.stop().await;
    figure(&format!(
        "typing at {latency:?}: {commits} commits and {} looks in {took:.1?}",
        page.eval("looks")
    ));

    // Fields that the user has left have the others' values, and the user saves what the page shows.
    page.wait_for(&format!(
        "document.getElementById('commits').textContent === '{commits}'"
    ));
    let chosen = page.eval(
        "['text', 'area', 'select'].map((id) => document.getElementById(id).value)
            .concat(document.querySelector('[name=radio]:checked').value, document.getElementById('check').checked ? 'on' : 'off')
            .join('|')",
    );
    page.eval("document.getElementById('save').click()");
    page.wait_for(&format!(
        "document.getElementById('saved').textContent === '{}'",
        chosen.as_str().unwrap()
    ));
    scene.proxy.latency(Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_stays_while_others_commit_20_times_a_second() {
    run(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_stays_at_a_latency_of_200_ms() {
    run(Duration::from_millis(200)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_stays_at_a_latency_of_2_s() {
    run(Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_input_method_composes_is_not_touched() {
    let scene = Scene::new(Duration::from_millis(200)).await;
    let page = &scene.page;
    for field in ["text", "area", "free", "free-area", "editable"] {
        take(page, field);
        page.eval(
            "{
                const field = document.activeElement;
                window.ends = 0;
                field.addEventListener('compositionend', () => ends++, { once: true });
            }",
        );
        for text in ["に", "にほ", "にほん"] {
            page.eval("window.mine = null");
            page.compose(text);
            page.eval("window.mine = state()");
            look_on(page, 3);
            let found =
                page.eval("document.activeElement.value ?? document.activeElement.textContent");
            assert_eq!(found, text, "{field}");
        }
        assert_eq!(
            page.eval("ends"),
            0,
            "{field}: nothing ended the composition"
        );
        page.eval("window.mine = null");
        page.insert_text("日本");
        page.eval("window.mine = state()");
        look_on(page, 3);
        let found = page.eval("document.activeElement.value ?? document.activeElement.textContent");
        assert_eq!(found, "日本", "{field}");
        nothing_lost(page);
    }
    scene.others.stop().await;
}
