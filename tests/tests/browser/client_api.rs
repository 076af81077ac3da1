//! What a page's own JavaScript can do, and every kind of attribute, in a real browser.

use serde_json::{Value, json};
use via::prelude::*;
use via_tests::chromium::{Browser, Page};
use via_tests::proxy::{Fate, Proxy};
use via_tests::serving::Serving;

/// The app's own module: it records everything that it hears.
const SCRIPT: &str = "
    const heard = (window.heard = []);
    const names = ['connection', 'frame', 'toast', 'error', 'action', 'answer'].map((name) => `via:${name}`);
    for (const name of [...names, 'measured']) via.on(name, (detail) => heard.push([name, detail]));
    const lives = (window.lives = []);
    document.addEventListener('datastar-fetch', ({ detail: { type, el, argsRaw } }) =>
        lives.push([type, el.id, argsRaw]));
    customElements.define('count-up', class extends HTMLElement {
        connectedCallback() { window.connected = (window.connected ?? 0) + 1; this.append(document.createElement('b')); }
        static observedAttributes = ['value'];
        attributeChangedCallback(name, old, value) { this.setAttribute('data-seen', value); }
    });
";

#[via::page("/")]
struct Bench {
    #[state]
    count: i64,
    #[signal(tab, default = 1)]
    step: i64,
}

#[via::actions]
impl Bench {
    fn add(&mut self, amount: i64, fx: &mut Effects) -> Result<(), via::EffectError> {
        self.count += amount;
        fx.emit("measured", &json!({ "count": self.count }))?;
        fx.toast("Added.");
        Ok(())
    }

    fn advance(&mut self) {
        self.count += self.step;
    }

    fn refuse(&mut self) -> Result<(), &'static str> {
        self.count += 1000;
        Err("Not today.")
    }

    #[expect(clippy::unused_async, reason = "a task is asynchronous")]
    async fn later(task: Task<Self>) -> Result<(), via::EffectError> {
        task.emit("measured", "later")
    }
}

impl View for Bench {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        html! {
            output { (self.count) }
            input #step type="number" data-bind=(cx.step());
            button #advance data-on:click=(cx.advance()) { "advance" }
            form #form data-on:submit=(cx.advance()) { button #submit { "submit" } }
            label { "tick" input #tick type="checkbox" data-on:change=(cx.advance()); }
            button #bad data-on:click="$nothing.constructor" { "a mistake" }
        }
    }
}

async fn serve() -> Serving {
    let app = via::App::new()
        .script(SCRIPT)
        .stylesheet("#spacer { height: 3000px }");
    Serving::start(app.page::<Bench>().page::<Kinds>()).await
}

fn open(url: &str) -> Page {
    Browser::shared().profile().open_live(url)
}

/// What was recorded under a name.
fn heard(page: &Page, name: &str) -> Vec<Value> {
    let found = page.eval(&format!(
        "JSON.parse(JSON.stringify(heard.filter(([name]) => name === '{name}').map(([, detail]) => detail)))"
    ));
    found.as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_of_the_app_calls_an_action_and_hears_what_becomes_of_it() {
    let server = serve().await;
    let page = open(&format!("http://{}/", server.address()));
    let outcome = page.eval("via.call('Bench::add', [5]).then((value) => [value === undefined])");
    assert_eq!(outcome, json!([true]));
    page.shows("output", 5);
    assert_eq!(heard(&page, "measured"), [json!({ "count": 5 })]);
    assert_eq!(
        heard(&page, "via:toast"),
        [json!({ "text": "Added.", "error": false })]
    );
    assert_eq!(heard(&page, "via:action")[0]["action"], "Bench::add");
    let answer = &heard(&page, "via:answer")[0];
    assert_eq!(
        [&answer["action"], &answer["number"], &answer["status"]],
        [&json!("Bench::add"), &json!(1), &json!(200)]
    );
    page.wait_for("heard.some(([name, { events }]) => name === 'via:frame' && events.length > 0)");
    assert_eq!(heard(&page, "via:connection").last().unwrap(), "online");

    let refused = page.eval(
        "via.call('Bench::refuse').catch(({ name, code, status, message }) => [name, code, status, message])",
    );
    assert_eq!(refused, json!(["ViaError", "refused", 422, "Not today."]));
    page.expect("422");
    page.eval("via.call('Bench::later')");
    page.wait_for("heard.some(([, detail]) => detail === 'later')");
    page.shows("output", 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_an_action_that_the_page_does_not_have_is_told_in_the_console_and_reloads_nothing()
 {
    let server = serve().await;
    let page = open(&format!("http://{}/", server.address()));
    page.mark_document();
    page.expect("422");
    for action in ["Kinds::turn", "Bench::advanced", "advance"] {
        page.expect(&format!("The page `Bench` has no action `{action}`"));
        let refused = page.eval(&format!(
            "via.call('{action}').catch(({{ code, status }}) => [code, status])"
        ));
        assert_eq!(refused, json!(["unknown_action", 422]));
        let console = page.console();
        assert!(
            console.contains(&format!("no action `{action}`")),
            "{console}"
        );
    }
    let toasts = heard(&page, "via:toast");
    assert!(
        toasts
            .iter()
            .all(|toast| toast["text"] == "That did not work.")
    );
    assert_eq!(page.eval("window.marker"), "the same document");
    page.click("#advance");
    page.shows("output", 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_clicks_share_one_order_and_survive_lost_answers() {
    let server = serve().await;
    let proxy = Proxy::start(server.address());
    let page = open(&proxy.url("/"));
    page.expect_network_errors();
    proxy.rule(|request| {
        // The browser itself repeats a request that it sent on a connection that was used before.
        match request.nth % 3 {
            1 if request.is("action") => Fate::DropAnswer,
            2 if request.is("action") => Fate::Answer(http::StatusCode::BAD_GATEWAY),
            _ => Fate::Pass,
        }
    });
    page.eval(
        "{
            const all = [];
            for (let i = 0; i < 4; i++) {
                document.getElementById('advance').click();
                all.push(via.call('Bench::add', [10], document.getElementById('advance')));
            }
            window.done = Promise.all(all);
        }",
    );
    page.eval("done.then(() => true)");
    page.shows("output", 44);
    page.settled();
    let counts: Vec<_> = heard(&page, "measured")
        .iter()
        .map(|it| it["count"].clone())
        .collect();
    assert_eq!(counts, [11, 22, 33, 44]);
    // The lifecycle of Datastar's own client, with the element of each request.
    let lives = page.eval("lives.filter(([, id]) => id === 'advance').map(([type]) => type)");
    let lives: Vec<_> = lives.as_array().unwrap().iter().collect();
    let of = |wanted: &str| lives.iter().filter(|kind| **kind == wanted).count();
    assert_eq!([of("started"), of("finished"), of("error")], [8, 8, 0]);
    assert!(of("retrying") >= 2, "{lives:?}");
    assert_eq!(
        page.eval("lives.some(([type, id, { selector }]) => type === 'datastar-patch-elements' && id === 'via')"),
        true
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_an_attribute_is_told_with_its_element_and_text() {
    let server = serve().await;
    let page = open(&format!("http://{}/", server.address()));
    page.click("#bad");
    page.wait_for("heard.some(([name]) => name === 'via:error')");
    page.expect("`constructor` cannot be used");
    let error = page.eval(
        "heard.filter(([name]) => name === 'via:error').map(([, { element, attribute, expression }]) =>
            [element.id, attribute, expression])",
    );
    assert_eq!(
        error,
        json!([["bad", "data-on:click", "$nothing.constructor"]])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_before_the_client_runs_is_done_when_it_does() {
    let server = serve().await;
    let proxy = Proxy::start(server.address());
    let page = open(&proxy.url("/"));
    page.call("Network.enable", &json!({}));
    page.call(
        "Network.setCacheDisabled",
        &json!({ "cacheDisabled": true }),
    );
    proxy.rule(|request| {
        if request.path.ends_with("/boot.js") {
            Fate::Hold
        } else {
            Fate::Pass
        }
    });
    page.eval("{ location.href = '/?again'; }");
    page.wait_for(
        "location.search === '?again' && window.viaEarly && document.querySelector('#bad')",
    );
    page.click("#advance");
    page.click("#submit");
    page.click("#tick");
    page.click("#advance");
    assert_eq!(
        page.eval("document.documentElement.dataset.viaConnection"),
        "connecting"
    );
    assert_eq!(
        page.eval("document.querySelector('output').textContent"),
        "0"
    );
    proxy.pass();
    proxy.release();
    page.shows("output", 4);
    assert_eq!(page.eval("document.getElementById('tick').checked"), true);
    assert_eq!(page.eval("location.search"), "?again");
    page.online();
    page.click("#advance");
    page.shows("output", 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_before_the_first_frame_of_a_reloaded_tab_acts_on_what_the_tab_holds() {
    let server = serve().await;
    let proxy = Proxy::start(server.address());
    let page = open(&proxy.url("/"));
    page.expect_network_errors();
    page.click("#step");
    page.press("Control+a");
    page.type_text("7");
    page.click("#advance");
    page.shows("output", 7);
    page.settled();
    proxy.rule(|request| {
        if request.is("stream") {
            Fate::Answer(http::StatusCode::BAD_GATEWAY)
        } else {
            Fate::Pass
        }
    });
    page.reload();
    page.wait_for("globalThis.via?.call");
    // The field may be restored by the browser, which is the user's own: it is not in this page.
    page.eval("via.call('Bench::advance')");
    proxy.pass();
    page.shows("output", 14);
    page.wait_for("document.getElementById('step').value === '7'");
}

/// Every kind of attribute, as it is spelled in a page.
#[via::page("/kinds")]
struct Kinds {
    #[state]
    turn: u32,
    #[state]
    ticks: u32,
    #[state]
    sights: u32,
}

#[via::actions]
impl Kinds {
    fn turn(&mut self) {
        self.turn += 1;
    }

    fn tick(&mut self) {
        self.ticks += 1;
    }

    fn see(&mut self) {
        self.sights += 1;
    }
}

impl View for Kinds {
    fn view(&self, cx: &Cx<Self>) -> Markup {
        let turn = self.turn;
        html! {
            div data-signals="{\"_n\": 2, \"_name\": \"a\"}" {}
            button #turn data-on:click=(cx.turn()) data-indicator="_busy" { "turn " (turn) }
            output #turned { (turn) }
            output #ticks { (self.ticks) }
            output #sights { (self.sights) }
            button #more data-on:click="$_n++" { "more" }

            input #bind data-bind="_name";
            output #text data-text="$_name" {}
            p #show data-show="$_n > 2" { "shown" }
            p #class data-class:large="$_n > 2" { "class" }
            p #attr data-attr:title="$_name" { "attribute" }
            p #style data-style:width="$_n + 'px'" { "style" }
            div data-computed:_twice="$_n * 2" {}
            output #computed data-text="$_twice" {}
            div data-init="$_began = 'yes'" {}
            output #init data-text="$_began" {}
            div data-effect="$_followed = $_n + 1" {}
            output #effect data-text="$_followed" {}
            div #referred data-ref="_el" {}
            output #ref data-text="$_el.id" {}
            output #indicator data-text="$_busy ? 'busy' : 'idle'" {}
            div data-on-signal-patch="$_patched = patch._n ?? $_patched" {}
            output #signal-patch data-text="$_patched" {}
            div #interval data-on-interval={ "__duration.50ms " (cx.tick()) } {}
            div #spacer {}
            div #intersect data-on-intersect__once=(cx.see()) { "far below" }
            div data-ignore { output #ignore data-text="$_n" { "as it was" } }

            div #ignore-morph data-ignore-morph { "turn " (turn) }
            details #preserve data-preserve-attr="data-own" data-turn=(turn) { summary { "more" } }
            count-up #custom value=(turn) data-ignore-morph {}
            count-up #live value=(turn) data-preserve-attr="data-seen" { i { (turn) } }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_attribute_does_what_it_says() {
    let server = serve().await;
    let page = open(&format!("http://{}/kinds", server.address()));
    let text = |id: &str, expected: &str| {
        page.wait_for(&format!(
            "document.getElementById('{id}').textContent === '{expected}'"
        ));
    };
    let holds = |condition: &str| {
        page.wait_for(&condition.replace('#', "document.getElementById"));
    };
    text("init", "yes");
    text("computed", "4");
    text("effect", "3");
    text("ref", "referred");
    text("ignore", "as it was");
    text("indicator", "idle");
    holds("#('bind').value === 'a'");
    holds("#('show').offsetParent === null");
    holds("#('style').style.width === '2px'");

    page.click("#more");
    text("computed", "6");
    text("effect", "4");
    text("signal-patch", "3");
    text("ignore", "as it was");
    holds("#('show').offsetParent !== null");
    holds("#('class').classList.contains('large')");
    holds("#('style').style.width === '3px'");
    page.click("#bind");
    page.type_text("b");
    text("text", "ab");
    holds("#('attr').title === 'ab'");

    // A clock, until its element is gone, and an element that comes into sight once.
    page.wait_for("Number(document.getElementById('ticks').textContent) > 2");
    text("sights", "0");
    page.eval("{ document.getElementById('intersect').scrollIntoView(); }");
    text("sights", "1");
    page.eval("{ scrollTo(0, 0); document.getElementById('intersect').scrollIntoView(); }");

    // What a patch leaves alone.
    page.eval(
        "{
            const by = (id) => document.getElementById(id);
            by('preserve').setAttribute('data-own', 'kept');
            by('preserve').open = true;
            window.own = by('custom').firstChild;
        }",
    );
    page.eval("{ document.getElementById('turn').click(); }");
    text("turned", "1");
    text("turn", "turn 1");
    text("ignore-morph", "turn 0");
    holds("#('preserve').dataset.turn === '1'");
    holds("#('preserve').dataset.own === 'kept' && #('preserve').open");
    // A custom element that is ignored keeps everything. Another one learns of changes by its attributes,
    // and keeps what it has inserted into itself.
    holds("own && #('custom').firstChild === own && #('custom').getAttribute('value') === '0'");
    holds(
        "#('live').querySelector('i').textContent === '1' && #('live').querySelector('b') !== null",
    );
    holds("#('live').dataset.seen === '1' && connected === 2");
    text("sights", "1");
}
